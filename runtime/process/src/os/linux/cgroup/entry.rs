//! How a new process gets into the cgroups of its environment.
//!
//! A write to `cgroup.procs` moves any process, and waits for every processor to have passed a
//! quiescent state: 7 ms here. There are two ways round that. In cgroup v2 a process is born in
//! its cgroup (`CLONE_INTO_CGROUP`, clone(2)); in v1 a single thread enters by itself, by the file
//! `tasks`, which takes 20 µs.
//!
//! **Only the program's process goes in, never the init.** That one shares Samovar's memory (see
//! [`super::super::contained`]), and the kernel's out-of-memory killer ends all processes that
//! share the memory of the one it has chosen. The program's process shares it too until it has been
//! executed, but one that `CLONE_VFORK` made is not chosen while it does (`oom_badness` in the
//! kernel's `mm/oom_kill.c`). For the same reason `memory.oom.group`, which chooses all, stays off.

use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use rustix::io::Errno;

/// There is none.
const NONE: RawFd = -1;

/// Descriptors of an environment's cgroups. Whoever made it keeps them open while it is used.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Entry {
    /// The folder of the cgroup in v2's hierarchy.
    unified: RawFd,
    /// The files `tasks` of the cgroups in v1's.
    tasks: [RawFd; 2],
}

impl Entry {
    /// Into no other cgroup than the parent's.
    pub(in super::super) const NOWHERE: Self = Self { unified: NONE, tasks: [NONE; 2] };

    pub(super) fn new(unified: Option<BorrowedFd<'_>>, tasks: [Option<BorrowedFd<'_>>; 2]) -> Self {
        let raw = |fd: Option<BorrowedFd<'_>>| fd.map_or(NONE, |fd| fd.as_raw_fd());
        Self { unified: raw(unified), tasks: tasks.map(raw) }
    }

    /// Makes a process that runs `life`, in the cgroup of v2. As `clone` does it, and without the
    /// heap.
    ///
    /// # Safety
    /// As for `clone`: the memory of `bytes` below `top` is the new process's stack, and what
    /// `life` does with it and with `argument` must be sound.
    ///
    /// # Errors
    /// The system makes no process.
    pub(in super::super) unsafe fn make(
        &self,
        life: extern "C" fn(*mut c_void) -> c_int,
        (top, bytes): (*mut c_void, usize),
        flags: c_int,
        argument: *mut c_void,
    ) -> Result<c_int, Errno> {
        if self.unified == NONE {
            // SAFETY: the caller's.
            let pid = unsafe { libc::clone(life, top, flags, argument) };
            // SAFETY: this process's, or that of the thread that waits for it.
            let number = unsafe { *libc::__errno_location() };
            return if pid < 0 { Err(Errno::from_raw_os_error(number)) } else { Ok(pid) };
        }
        let signal = flags & 0xff;
        // A sibling sends its parent what this process would (clone(2)).
        let signal = if flags & libc::CLONE_PARENT == 0 { signal } else { 0 };
        let arguments = Arguments {
            flags: u64::from((flags & !0xff) as u32) | CLONE_INTO_CGROUP,
            exit_signal: signal as u64,
            stack: (top as u64).saturating_sub(bytes as u64),
            stack_size: bytes as u64,
            cgroup: self.unified as u64,
            ..Arguments::default()
        };
        // SAFETY: the caller's.
        match unsafe { clone3(&raw const arguments, life, argument) } {
            pid @ 1.. => Ok(pid as c_int),
            number => Err(Errno::from_raw_os_error(-number as i32)),
        }
    }

    /// The new process enters the cgroups of v1. Allocates nothing.
    ///
    /// # Errors
    /// They are gone.
    pub(in super::super) fn enter(&self) -> Result<(), Errno> {
        for tasks in self.tasks.into_iter().filter(|tasks| *tasks != NONE) {
            // SAFETY: whoever made this keeps it open.
            let tasks = unsafe { BorrowedFd::borrow_raw(tasks) };
            rustix::io::write(tasks, b"0")?;
        }
        Ok(())
    }
}

/// Linux 5.7.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args` (clone(2)).
#[repr(C)]
#[derive(Default)]
struct Arguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// The system call, for which C libraries have no function: a new process on another stack cannot
/// return from one. It runs `life` and ends with what that answers; the caller gets its id or an
/// error's negative number.
///
/// # Safety
/// `arguments` name a stack of the new process's own; see [`Entry::make`].
#[cfg(target_arch = "x86_64")]
unsafe fn clone3(
    arguments: *const Arguments,
    life: extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
) -> i64 {
    let mut result = libc::SYS_clone3;
    // SAFETY: the parent goes on behind the code of the child, which has a stack of its own, calls
    // a function there as the calling convention has it, and never returns.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "mov edi, eax",
            "mov eax, {exit}",
            "syscall",
            "ud2",
            "2:",
            exit = const libc::SYS_exit,
            inlateout("rax") result,
            in("rdi") arguments,
            in("rsi") size_of::<Arguments>(),
            in("r12") argument,
            in("r13") life,
            out("rcx") _,
            out("r11") _,
        );
    }
    result
}

/// The same.
///
/// # Safety
/// The same.
#[cfg(target_arch = "aarch64")]
unsafe fn clone3(
    arguments: *const Arguments,
    life: extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
) -> i64 {
    let result: i64;
    // SAFETY: as above.
    unsafe {
        std::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x20",
            "blr x21",
            "mov x8, #{exit}",
            "svc #0",
            "brk #1",
            "2:",
            exit = const libc::SYS_exit,
            inlateout("x0") arguments as i64 => result,
            in("x1") size_of::<Arguments>(),
            in("x8") libc::SYS_clone3,
            in("x20") argument,
            in("x21") life,
        );
    }
    result
}

/// Elsewhere there is no cgroup of v2.
///
/// # Safety
/// None.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn clone3(
    _arguments: *const Arguments,
    _life: extern "C" fn(*mut c_void) -> c_int,
    _argument: *mut c_void,
) -> i64 {
    -i64::from(libc::ENOSYS)
}
