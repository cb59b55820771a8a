// Talks with a calculator: writes a question, reads the answer, checks it, and ends politely.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>

#include <brood/brood.hpp>

using namespace std::chrono_literals;

int main() {
  const brood::command calculator =
      brood::shell("while read -r left sign right; do echo $((left $sign right)); done");
  struct {
    const char* question;
    const char* answer;
  } const cases[] = {{"6 * 7", "42"}, {"1 - 2", "-1"}, {"9 / 2", "4"}};

  brood::process p = brood::spawn(calculator, {.in = brood::PIPE, .out = brood::PIPE});
  int wrong = 0;
  for (const auto& c : cases) {
    p.in().write(std::string(c.question) + "\n");
    std::string answer = p.out().read_line().value_or("\n");
    answer.pop_back();
    std::printf("%s = %s\n", c.question, answer.c_str());
    if (answer != c.answer) ++wrong;
  }
  p.in().close();  // end-of-file: it has no reason to go on
  const auto status = p.wait_for(10s);
  return wrong + (status && status->success() ? 0 : 1);
}
