// All of brood but brood/testing.hpp and brood/asio.hpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include <brood/async.hpp>
#include <brood/command.hpp>
#include <brood/duration.hpp>
#include <brood/environment.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/jobserver.hpp>
#include <brood/option_table.hpp>
#include <brood/options.hpp>
#include <brood/pipeline.hpp>
#include <brood/pool.hpp>
#include <brood/process.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>
#include <brood/run.hpp>
#include <brood/shlex.hpp>
#include <brood/status.hpp>
#include <brood/stdio.hpp>
#include <brood/worker_pool.hpp>
