// The guardian without glibc: the few functions of the C library that it imports, nearly all system
// calls. SPDX-License-Identifier: Apache-2.0

// A static glibc is 800 KB, which each start would copy into a memory file. What is not defined
// here or in start_linux.S, and the guardian comes to use, is an error of the linker.
//
// Single-threaded: errno is a plain variable (a vfork child shares it, while we sleep), and no
// signal number is kept for a thread library. Constructors of globals do not run, and a handler
// cannot be installed; cmake/check_guardian.cmake sees to the first.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#if !defined __linux__ || !defined __LP64__
#error "the layouts of the kernel are the C library's on 64-bit Linux only"
#endif

namespace {

int last_error = 0;
// argc, argv, null, environ, null, pairs, 0. In .data, as Linux before 6.7 does not load a program
// whose writable segment has no bytes in the file.
[[gnu::section(".data")]] const unsigned long* first_stack = nullptr;

constexpr long kernel_set_size = 8;                      // of the 128 bytes of a sigset_t
constexpr std::size_t head = alignof(std::max_align_t);  // before each block of memory, its size

template <class... A>
int call(long number, A... arguments) noexcept {
  return static_cast<int>(::syscall(number, arguments...));
}

unsigned long from_kernel(unsigned long type) noexcept {
  const unsigned long* at = first_stack + 1 + first_stack[0] + 1;
  while (*at != 0) ++at;
  for (++at; at[0] != AT_NULL; at += 2) {
    if (at[0] == type) return at[1];
  }
  return 0;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

extern "C" {

// --- the start, and what the assembler comes back to ---------------------------------------------

int brood_main(int argc, char** argv) noexcept __asm__("main");  // C++ may not call main()
[[noreturn]] void brood_start(const unsigned long* stack) noexcept;
long brood_result(long r) noexcept;

void brood_start(const unsigned long* stack) noexcept {
  first_stack = stack;
  auto** const argv = reinterpret_cast<char**>(reinterpret_cast<std::uintptr_t>(stack + 1));
  const int status = brood_main(static_cast<int>(stack[0]), argv);
  for (;;) call(SYS_exit_group, status);
}

long brood_result(long r) noexcept {
  if (r >= 0 || r < -4095) return r;
  last_error = static_cast<int>(-r);
  return -1;
}

int* __errno_location() noexcept { return &last_error; }

// --- descriptors ---------------------------------------------------------------------------------

ssize_t read(int fd, void* to, std::size_t most) { return ::syscall(SYS_read, fd, to, most); }

ssize_t write(int fd, const void* from, std::size_t size) {
  return ::syscall(SYS_write, fd, from, size);
}

int close(int fd) { return call(SYS_close, fd); }

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const unsigned mode = va_arg(more, unsigned);
  va_end(more);
  return call(SYS_openat, AT_FDCWD, path, flags, mode);
}

int access(const char* path, int mode) noexcept {
  return call(SYS_faccessat, AT_FDCWD, path, mode);
}

int fcntl(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  const long argument = va_arg(more, long);
  va_end(more);
  return call(SYS_fcntl, fd, command, argument);
}

int pipe2(int ends[2], int flags) noexcept { return call(SYS_pipe2, ends, flags); }

int ppoll(pollfd* fds, nfds_t count, const timespec* left, const sigset_t* mask) {
  timespec changes{};  // the kernel writes what was left
  if (left) changes = *left;
  return call(SYS_ppoll, fds, count, left ? &changes : nullptr, mask, kernel_set_size);
}

int poll(pollfd* fds, nfds_t count, int ms) {
  const timespec left{ms / 1000, static_cast<long>(ms % 1000) * 1'000'000};
  return ::ppoll(fds, count, ms < 0 ? nullptr : &left, nullptr);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return ::syscall(SYS_recvmsg, fd, message, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return ::syscall(SYS_sendmsg, fd, message, flags);
}

cmsghdr* __cmsg_nxthdr(msghdr* message, cmsghdr* at) noexcept {
  const char* const end = static_cast<char*>(message->msg_control) + message->msg_controllen;
  char* const next = reinterpret_cast<char*>(at) + CMSG_ALIGN(at->cmsg_len);
  if (at->cmsg_len < sizeof(cmsghdr) || next + sizeof(cmsghdr) > end) return nullptr;
  auto* const header = reinterpret_cast<cmsghdr*>(next);
  return next + CMSG_ALIGN(header->cmsg_len) > end ? nullptr : header;
}

// --- processes and signals -----------------------------------------------------------------------

pid_t fork() noexcept { return call(SYS_clone, long{SIGCHLD}, 0L, 0L, 0L, 0L); }
pid_t getpid() noexcept { return call(SYS_getpid); }
pid_t getppid() noexcept { return call(SYS_getppid); }
pid_t getpgid(pid_t pid) noexcept { return call(SYS_getpgid, pid); }
pid_t getpgrp() noexcept { return ::getpgid(0); }
int kill(pid_t pid, int signal) noexcept { return call(SYS_kill, pid, signal); }

int prctl(int option, ...) noexcept {
  va_list more;
  va_start(more, option);
  const unsigned long argument = va_arg(more, unsigned long);
  va_end(more);
  return call(SYS_prctl, option, argument, 0L, 0L, 0L);
}

int sigemptyset(sigset_t* set) noexcept {
  *set = {};
  return 0;
}

int sigfillset(sigset_t* set) noexcept {
  __builtin_memset(set, 0xff, sizeof *set);
  return 0;
}

int sigaddset(sigset_t* set, int signal) noexcept {
  *reinterpret_cast<unsigned long*>(set) |= 1UL << (signal - 1);
  return 0;
}

int sigprocmask(int how, const sigset_t* now, sigset_t* before) noexcept {
  return call(SYS_rt_sigprocmask, how, now, before, kernel_set_size);
}

int pthread_sigmask(int how, const sigset_t* now, sigset_t* before) noexcept {
  return ::sigprocmask(how, now, before) == 0 ? 0 : errno;
}

// SIG_DFL and SIG_IGN only: a handler would need a way back, which is more assembler.
sighandler_t signal(int number, sighandler_t action) noexcept {
  const struct {
    sighandler_t handler;
    unsigned long flags, restorer, mask;
  } now{action, 0, 0, 0};
  auto before = now;
  const bool known = action == SIG_DFL || action == SIG_IGN;
  if (!known) last_error = EINVAL;
  if (!known || call(SYS_rt_sigaction, number, &now, &before, kernel_set_size) < 0) return SIG_ERR;
  return before.handler;
}

int signalfd(int fd, const sigset_t* set, int flags) noexcept {
  return call(SYS_signalfd4, fd, set, kernel_set_size, flags);
}

// --- time and facts ------------------------------------------------------------------------------

int clock_gettime(clockid_t clock, timespec* t) noexcept {
  return call(SYS_clock_gettime, clock, t);
}

long sysconf(int name) noexcept {
  if (name == _SC_CLK_TCK) return static_cast<long>(from_kernel(AT_CLKTCK));
  if (name == _SC_PAGESIZE) return static_cast<long>(from_kernel(AT_PAGESZ));
  last_error = EINVAL;
  return -1;
}

// --- memory: whole pages from the kernel, as only a stop needs any -------------------------------

void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}

int munmap(void* at, std::size_t size) noexcept { return call(SYS_munmap, at, size); }

void* malloc(std::size_t size) noexcept {
  const std::size_t whole = size + head;
  if (whole < size) return nullptr;
  void* const room =
      ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return nullptr;
  *static_cast<std::size_t*>(room) = whole;
  return static_cast<char*>(room) + head;
}

void* realloc(void* old, std::size_t size) noexcept {
  if (!old) return malloc(size);
  const std::size_t whole = size + head;
  if (whole < size) return nullptr;
  char* const from = static_cast<char*>(old) - head;
  const std::size_t now = *reinterpret_cast<std::size_t*>(from);
  auto* const room =
      reinterpret_cast<void*>(::syscall(SYS_mremap, from, now, whole, long{MREMAP_MAYMOVE}));
  if (room == MAP_FAILED) return nullptr;
  *static_cast<std::size_t*>(room) = whole;
  return static_cast<char*>(room) + head;
}

void free(void* old) noexcept {
  if (!old) return;
  char* const from = static_cast<char*>(old) - head;
  (void)::munmap(from, *reinterpret_cast<std::size_t*>(from));
}

// --- text ----------------------------------------------------------------------------------------

char* strrchr(const char* text, int c) noexcept {
  const char* last = nullptr;
  for (;; ++text) {
    if (*text == static_cast<char>(c)) last = text;
    if (*text == '\0') return const_cast<char*>(last);
  }
}

// Of decimal digits only: no sign, no space before them.
int atoi(const char* text) noexcept {
  int n = 0;
  for (; is_digit(*text); ++text) n = n * 10 + (*text - '0');
  return n;
}

// --- folders -------------------------------------------------------------------------------------

struct __dirstream {
  int fd;
  long at;
  long end;
  alignas(dirent) char entries[4096];
};

DIR* opendir(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  auto* const d = static_cast<DIR*>(malloc(sizeof(DIR)));
  if (!d) {
    ::close(fd);
    return nullptr;
  }
  d->fd = fd;
  d->at = d->end = 0;
  return d;
}

dirent* readdir(DIR* d) {
  if (d->at >= d->end) {
    d->at = 0;
    d->end = ::syscall(SYS_getdents64, d->fd, d->entries, sizeof d->entries);
    if (d->end <= 0) return nullptr;
  }
  auto* const entry = reinterpret_cast<dirent*>(d->entries + d->at);
  d->at += entry->d_reclen;
  return entry;
}

int closedir(DIR* d) {
  const int r = ::close(d->fd);
  free(d);
  return r;
}

}  // extern "C"
