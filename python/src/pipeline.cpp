// Running a pipeline below brood.run, on a helper thread.
// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <brood/pipeline.hpp>

#include "engine_options.hpp"
#include "helper_thread.hpp"
#include "outcome.hpp"
#include "wish.hpp"

namespace brood_python {

namespace {

py::dict pipeline_to_dict(brood::completed_pipeline r) {
  py::dict d;
  d["returncode"] = to_returncode(r.status);
  d["stdout"] = to_bytes(std::move(r.out));
  d["reason"] = std::string(to_string(r.reason));
  d["usage"] = to_dict(r.usage);
  d["complete"] = r.complete;
  d["accepted"] = r.accepted;
  py::list stages;
  for (brood::completed_process& each : r.stages) stages.append(to_dict(std::move(each)));
  d["stages"] = stages;
  return d;
}

// (result, failure): the result as a dict, also after a failure.
py::tuple run_pipeline(const py::tuple& asked, const py::list& stages, bool last_decides,
                       py::handle on_line, wish& stop) {
  request r;
  brood::options o = read_options(asked, r);
  std::vector<brood::command> commands;
  for (const py::handle stage : stages) commands.emplace_back(path_list(stage.ptr()));
  const brood::pipeline p(std::move(commands), last_decides ? brood::pipe_rule::last_stage
                                                            : brood::pipe_rule::every_stage);
  const auto lines = std::make_shared<line_queue>();
  if (!on_line.is_none()) {
    o.on_line = [lines](brood::output_stream from, std::string_view line) {
      lines->push({from == brood::output_stream::err ? 2 : 1, std::string(line)});
    };
  }
  std::optional<brood::expected<brood::completed_pipeline, brood::error>> done;
  in_helper_thread(
      lines, on_line, [&] { done.emplace(brood::try_run(p, o, stop.source.get_token())); },
      [&] { stop.source.request_stop(); });
  if (*done) return py::make_tuple(pipeline_to_dict(std::move(**done)), py::none());
  const brood::error& e = done->error();
  if (!e.pipeline()) raise(e);
  return py::make_tuple(pipeline_to_dict(*e.pipeline()), to_failure(e));
}

}  // namespace

void bind_pipeline(py::module_& m) {
  m.def("run_pipeline", &run_pipeline, py::arg("asked"), py::arg("stages"), py::arg("last_decides"),
        py::arg("on_line"), py::arg("wish"), "Run stages to their end: (result, failure).");
}

}  // namespace brood_python
