// The writing side: a queue, and the thread that empties it into transactions.
// SPDX-License-Identifier: Apache-2.0
#include "journal/writer.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/ending.hpp"
#include "journal/error.hpp"
#include "journal/folder.hpp"
#include "journal/run_lock.hpp"
#include "journal/schema.hpp"
#include "journal/sql.hpp"

namespace journal {

namespace {

// If the disk cannot keep up, callers wait. The queue has room for all jobs that end within one
// `batch`: 100 ms at 12,000 jobs a second (docs/performance.md) are 1,200.
constexpr std::size_t queue_limit = 2048;
// Long commands fill the queue sooner, so that memory stays bounded.
constexpr std::size_t queue_bytes = 1 << 20;
// Every opener reads the whole write-ahead log, so a large one is emptied; a small one is left, as
// emptying it waits for the disk.
constexpr std::int64_t checkpoint_bytes = 256 << 10;
// A run that has begun waits so many times longer for a lock than one that is about to begin, which
// loses nothing if it gives up.
constexpr int patience_later = 6;

moment now() {
  return std::chrono::time_point_cast<moment::duration>(std::chrono::system_clock::now());
}

/// Jobs by their result.
struct totals {
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t stopped = 0;
  std::int64_t skipped = 0;

  void add(const attempt& a) {
    if (!a.last) return;
    const attempt_state state = state_of(a, run_state::running);
    ++(state == attempt_state::succeeded ? succeeded
       : state == attempt_state::stopped ? stopped
                                         : failed);
  }
};

/// The prepared statements of a batch.
class batch_statements {
 public:
  batch_statements(sql::database& db, std::int64_t run)
      : run_(run),
        insert_(db, insert_attempt),
        done_(db, "INSERT OR REPLACE INTO done VALUES (?, ?)"),
        undone_(db, "DELETE FROM done WHERE key = ?"),
        part_(db, "INSERT OR IGNORE INTO part VALUES (?, ?, ?, ?)"),
        run_row_(db,
                 "UPDATE run SET written = ?1, succeeded = succeeded + ?2, failed = failed + ?3,"
                 " stopped = stopped + ?4, skipped = skipped + ?5, exit_status = ?6,"
                 " ended = iif(?6 IS NULL, NULL, ?1) WHERE id = ?7"),
        skipped_(db, "INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)"),
        last_(db, "UPDATE attempt SET last = 1 WHERE run = ? AND seq = ? AND number = ?") {}

  void add(const attempt& a) {
    const std::string arguments = pack_arguments(a.argv);
    bind_attempt(insert_, run_, a, arguments);
    insert_.run();
    const std::string_view key = view_of(a.identity.key);
    for (const job_part& p : a.identity.parts) {
      const char kind = static_cast<char>(p.what);
      part_.blob(key).text({&kind, 1}).blob(p.name).blob(view_of(p.digest)).run();
    }
    if (!a.ended) return;
    if (a.success) {
      done_.blob(key).integer(run_).run();
    } else {
      undone_.blob(key).run();
    }
  }

  void add_skipped(std::uint64_t first, const std::string& jobs) {
    skipped_.integer(run_).integer(static_cast<std::int64_t>(first)).blob(jobs).run();
  }

  void mark_last(std::uint64_t seq, std::uint32_t number) {
    last_.integer(run_).integer(static_cast<std::int64_t>(seq)).integer(number).run();
  }

  /// `exit_status`: given if the run has ended.
  void add_totals(const totals& t, std::optional<int> exit_status) {
    run_row_.integer(to_number(now())).integer(t.succeeded).integer(t.failed);
    run_row_.integer(t.stopped).integer(t.skipped);
    exit_status ? run_row_.integer(*exit_status) : run_row_.null();
    run_row_.integer(run_).run();
  }

 private:
  std::int64_t run_;
  sql::statement insert_;
  sql::statement done_;
  sql::statement undone_;
  sql::statement part_;
  sql::statement run_row_;
  sql::statement skipped_;
  sql::statement last_;
};

/// What waits for the next transaction.
struct batch {
  std::unordered_map<std::uint64_t, attempt> started;  // by job, while it runs
  std::vector<attempt> ended;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> given_up;  // job and attempt
  std::uint64_t first_skipped = 0;
  std::string skipped;  // as the journal has them
  std::optional<int> exit_status;
  std::size_t bytes = 0;  // roughly, of the arguments in `ended`

  bool full() const { return ended.size() >= queue_limit || bytes + skipped.size() >= queue_bytes; }
  bool empty() const {
    return started.empty() && ended.empty() && given_up.empty() && skipped.empty() && !exit_status;
  }
};

void write(sql::database& db, batch_statements& to, const batch& b) {
  sql::transaction t(db);
  totals sum{.failed = static_cast<std::int64_t>(b.given_up.size()),
             .skipped = static_cast<std::int64_t>(b.skipped.size() / skipped_size)};
  for (const attempt& a : b.ended) {
    to.add(a);
    sum.add(a);
  }
  for (const auto& [seq, number] : b.given_up) to.mark_last(seq, number);
  for (const auto& [seq, a] : b.started) to.add(a);
  if (!b.skipped.empty()) to.add_skipped(b.first_skipped, b.skipped);
  to.add_totals(sum, b.exit_status);
  t.commit();
}

}  // namespace

struct writer::impl {
  explicit impl(folder f) : where(std::move(f)) {}

  void start_thread(run_info info);
  void serve(const run_info& info);
  void begin(sql::database& db, const run_info& info);
  void write_batches(sql::database& db);
  void close();
  void finish();

  /// Calls `put(batch&)` to add to the batch, which the thread writes within `options.batch`.
  template <class Put>
  void enqueue(Put put);

  folder where;
  settings options;
  std::optional<run_locks> locks;            // held while this exists
  std::optional<std::vector<job_key>> done;  // sorted
  std::optional<history> past;

  std::mutex lock;
  std::condition_variable begun;  // `run` or `wrong` is set
  std::condition_variable wake;   // the queue is not empty, or `closing`
  std::condition_variable room;   // the queue is empty again
  std::int64_t run = 0;
  batch queue;
  bool closing = false;
  std::string wrong;  // why the thread gave up; "": it has not
  bool no_journal_here = false;
  std::thread thread;
};

writer::writer(const std::string& path, settings s)
    : impl_(std::make_unique<impl>(folder::make(path))) {
  impl_->options = s;
}

writer::~writer() { impl_->finish(); }

const folder& writer::where() const { return impl_->where; }

void writer::start_run(run_info info) { impl_->start_thread(std::move(info)); }

std::int64_t writer::await_run() {
  impl& i = *impl_;
  std::unique_lock guard(i.lock);
  i.begun.wait(guard, [&i] { return i.run != 0 || !i.wrong.empty(); });
  if (i.run == 0 && i.no_journal_here) throw unavailable{i.wrong};
  if (i.run == 0) throw error{i.wrong};
  return i.run;
}

std::int64_t writer::begin_run(run_info info) {
  start_run(std::move(info));
  return await_run();
}

bool writer::succeeded(const job_key& key) {
  impl& i = *impl_;
  if (!i.done) i.done = load_done(i.where, i.options.busy);
  return std::binary_search(i.done->begin(), i.done->end(), key);
}

std::string writer::explain(const question& q) {
  impl& i = *impl_;
  if (!i.past) i.past.emplace(i.where, await_run(), i.options.busy);
  return i.past->explain(q);
}

void writer::job_started(const attempt& a) {
  impl_->enqueue([&a](batch& b) { b.started.insert_or_assign(a.seq, a); });
}

void writer::record(attempt a) {
  a.ended = true;
  impl_->enqueue([&a](batch& b) {
    b.started.erase(a.seq);
    for (const std::string& word : a.argv) b.bytes += sizeof word + word.size();
    b.ended.push_back(std::move(a));
  });
}

void writer::job_skipped(std::uint64_t seq, const job_key& key) {
  impl_->enqueue([&](batch& b) {
    if (b.skipped.empty()) b.first_skipped = seq;
    pack_skipped(b.skipped, seq, key);
  });
}

void writer::job_given_up(std::uint64_t seq, std::uint32_t number) {
  impl_->enqueue([&](batch& b) { b.given_up.emplace_back(seq, number); });
}

void writer::start_end(int exit_status) {
  impl_->enqueue([exit_status](batch& b) { b.exit_status = exit_status; });
  impl_->close();
}

void writer::await_end() {
  impl_->finish();
  if (!impl_->wrong.empty()) throw error{impl_->wrong};
}

void writer::end_run(int exit_status) {
  start_end(exit_status);
  await_end();
}

// --- the thread ----------------------------------------------------------------------------------

void writer::impl::start_thread(run_info info) {
  // Signals are for the threads that wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this, info = std::move(info)] { serve(info); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

template <class Put>
void writer::impl::enqueue(Put put) {
  std::unique_lock guard(lock);
  room.wait(guard, [this] { return !queue.full() || !wrong.empty(); });
  if (!wrong.empty()) throw error{wrong};
  const bool first = queue.empty();
  put(queue);
  const bool due = first || queue.full();
  guard.unlock();
  if (due) wake.notify_one();
}

void writer::impl::serve(const run_info& info) {
  try {
    locks.emplace(where, true);  // first: says so if the file system has no locks
    sql::database db(where, sql::access::write, options.busy);
    begin(db, info);
    begun.notify_all();
    write_batches(db);
    db.checkpoint_above(checkpoint_bytes);
  } catch (const error& e) {
    const std::lock_guard guard(lock);
    wrong = e.what();
    no_journal_here = dynamic_cast<const unavailable*>(&e) != nullptr;
  } catch (const std::exception& e) {
    const std::lock_guard guard(lock);
    wrong = std::string("the journal: ") + e.what();
  }
  begun.notify_all();
  room.notify_all();
}

void writer::impl::begin(sql::database& db, const run_info& info) {
  // Small pages keep the log short: a small run changes only a handful of them, and every later
  // opener reads the log.
  db.execute("PRAGMA page_size = 1024");
  db.use_log();
  db.execute(
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
  make_schema(db);
  db.keep_log_on_close();
  sql::transaction t(db);
  const std::string argv = pack_arguments(info.argv);
  sql::statement insert(db,
                        "INSERT INTO run (argv, cwd, version, workers, started, written)"
                        " VALUES (?, ?, ?, ?, ?, ?)");
  insert.blob(argv).blob(info.cwd).text(info.version).integer(info.workers);
  insert.integer(to_number(info.started)).integer(to_number(info.started)).run();
  const std::int64_t number = db.last_id();  // one more than the highest so far
  locks->take(number);                       // before others can see the run and take it for dead
  t.commit();
  db.set_patience(patience_later * options.busy);
  const std::lock_guard guard(lock);
  run = number;
}

void writer::impl::write_batches(sql::database& db) {
  const auto full = [this] { return closing || queue.full(); };
  batch_statements to(db, run);
  for (;;) {
    batch taken;
    bool last = false;
    {
      std::unique_lock guard(lock);
      wake.wait(guard, [this] { return closing || !queue.empty(); });
      wake.wait_for(guard, options.batch, full);
      std::swap(taken, queue);
      last = closing;
    }
    room.notify_all();
    if (!taken.empty()) write(db, to, taken);
    if (last) return;
  }
}

void writer::impl::close() {
  {
    const std::lock_guard guard(lock);
    closing = true;
  }
  wake.notify_one();
}

void writer::impl::finish() {
  if (!thread.joinable()) return;
  close();
  thread.join();
}

}  // namespace journal
