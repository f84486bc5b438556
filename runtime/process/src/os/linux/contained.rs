//! Processes in namespaces of their own, below an init of Samovar's.
//!
//! ```text
//! Samovar ── init, first in a PID namespace ── the program ── its children
//!                                         └─── children whose parents have ended
//! ```
//!
//! When the first process of a PID namespace ends, the kernel kills all others of the namespace,
//! whatever group or session they have gone to, stopped or not (pid_namespaces(7)). The init dies
//! with Samovar, by its parent-death signal. So no process of an environment is left behind, even
//! by a Samovar that is killed by `SIGKILL`, and none sees or signals a process outside. The
//! program itself is not the first process, because signals mean something else there.
//!
//! An environment with extensions has several programs. Then the init starts none and only keeps
//! the namespaces ([`keep`]), and each program is started into them ([`super::joined`]).
//!
//! Where there are no namespaces, the init is a reaper on the host instead: see [`super::reaper`].
//!
//! The init is made as `posix_spawn` makes processes: it shares Samovar's memory (`CLONE_VM`), on
//! a stack of its own. So a start does not copy Samovar's page tables, and an init that stays
//! takes no memory. In cgroups of the environment is the program, not the init: see
//! [`super::cgroup`]. The price is that its code may use neither the heap nor anything of its
//! thread: it makes system calls over what [`spawn`] has prepared, and nothing in it can panic.
//! `rustix` makes system calls itself, without `errno`; where `libc` is called, the thread that
//! started the init waits for its report and does not look at `errno` meanwhile.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, set_parent_process_death_signal, setpgid};

use super::cgroup::{Cgroup, Entry};
use super::kept::FileSystem;
use super::mounts::{Mounts, enter_again};
use super::reaper;
use crate::exit::Exit;
use crate::sandbox::Sandbox;

/// Bytes of a stack. System calls over prepared values need little; unoptimised code needs more.
const STACK: usize = 64 * 1024;

/// A 16-byte unit, as stacks are aligned.
type Unit = u128;

/// What this system allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Containment {
    /// Namespaces, as the superuser.
    Full,
    /// Namespaces, within a user namespace.
    User,
    /// None of it, and why.
    Missing(Errno),
}

/// What this system allows, found out once by trying.
pub(crate) fn containment() -> Containment {
    static FOUND: OnceLock<Containment> = OnceLock::new();
    *FOUND.get_or_init(|| match try_out(false) {
        Ok(()) => Containment::Full,
        Err(_) => match try_out(true) {
            Ok(()) => Containment::User,
            Err(error) => Containment::Missing(errno(&error)),
        },
    })
}

fn try_out(user: bool) -> io::Result<()> {
    let sandbox = Sandbox { tmp_bytes: 1 << 20, ..Sandbox::default() };
    let ground = Ground::Namespaces(Mounts::new(&sandbox, user)?);
    let init = start(Shared::new(None, false, ground), Way::Direct)?;
    let _ = rustix::process::waitpid(Some(init.pid), WaitOptions::empty());
    init.forget_process();
    Ok(())
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::NOTSUP, Errno::from_raw_os_error)
}

/// An init that runs, a child of this process. It must be waited for, and then
/// [`Init::forget_process`] called; until then its memory is kept, come what may.
#[derive(Debug)]
pub(crate) struct Init {
    pid: Pid,
    /// The end of a reaper's pipe that Samovar alone has.
    orders: Option<OwnedFd>,
    memory: ManuallyDrop<Box<Memory>>,
}

#[derive(Debug)]
struct Memory {
    shared: Shared,
    init_stack: Stack,
}

/// What the init and the program, until it is executed, read and write.
#[derive(Debug)]
struct Shared {
    program: Option<Program>,
    /// Whether the init stays without a program.
    stays: bool,
    ground: Ground,
    /// The pipe's end that takes the report.
    report: RawFd,
    /// The program's wait status, or [`RUNNING`].
    ended: AtomicI64,
}

/// Where the init and the program are.
#[derive(Debug)]
enum Ground {
    /// In namespaces of their own.
    Namespaces(Mounts),
    /// In a PID namespace of their own, and in the mounts of processes that have ended.
    Kept,
    /// In Samovar's. The pipe's end tells the init when all is over.
    Host(OwnedFd),
}

/// There is no wait status yet; those have 32 bits.
const RUNNING: i64 = i64::MIN;

/// A stack of a process that shares Samovar's memory.
#[derive(Debug)]
struct Stack(Box<[Unit]>);

impl Stack {
    fn new() -> Self {
        Self(vec![0; STACK / size_of::<Unit>()].into_boxed_slice())
    }

    /// Where it begins: its aligned end.
    fn top(&mut self) -> *mut c_void {
        self.0.as_mut_ptr_range().end.cast()
    }
}

/// A program to execute, in the forms that system calls take.
#[derive(Debug)]
pub(super) struct Program {
    path: CString,
    folder: CString,
    arguments: Strings,
    variables: Strings,
    /// Standard input, output and error.
    streams: [RawFd; 3],
    /// Into the environment's cgroups.
    entry: Entry,
    /// Top of the stack on which its process begins.
    top: *mut c_void,
    _stack: Stack,
    /// Why it could not be executed; 0: it was.
    refused: AtomicI32,
}

/// Strings as `execve` takes them.
#[derive(Debug)]
struct Strings {
    pointers: Vec<*const c_char>,
    _strings: Vec<CString>,
}

impl Strings {
    fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|string| string.as_ptr());
        Self { pointers: pointers.chain([ptr::null()]).collect(), _strings: strings }
    }
}

// SAFETY: the pointers point into heap memory that the same value owns and nobody changes.
unsafe impl Send for Memory {}
// SAFETY: as above; what changes is atomic.
unsafe impl Sync for Memory {}

/// Starts the program of `command`, with its arguments, its folder, and the variables that are set
/// on it (and no others), in namespaces of its own. `streams` are its standard streams, and
/// `cgroup` is where it is counted. Where `sandbox` has been used before, its file system is as it
/// was left.
///
/// # Errors
/// What the system says to a namespace, a mount, or the program itself.
pub(crate) fn spawn(
    command: &Command,
    streams: [&OwnedFd; 3],
    sandbox: &Sandbox,
    cgroup: Option<&Cgroup>,
) -> io::Result<Init> {
    start_in(sandbox, Some(Program::new(command, streams, cgroup)?))
}

/// The same in Samovar's own namespaces, below a reaper.
///
/// # Errors
/// What the system says to a process, a pipe, or the program itself.
pub(crate) fn spawn_reaped(
    command: &Command,
    streams: [&OwnedFd; 3],
    cgroup: Option<&Cgroup>,
) -> io::Result<Init> {
    let program = Program::new(command, streams, cgroup)?;
    let (reader, writer) = io::pipe()?;
    let shared = Shared::new(Some(program), false, Ground::Host(reader.into()));
    let mut init = start(shared, Way::Direct)?;
    init.orders = Some(writer.into());
    Ok(init)
}

/// Starts an init that keeps namespaces for programs to join, until it is killed. Where `sandbox`
/// has been used before, its file system is as it was left.
///
/// # Errors
/// What the system says to a namespace or a mount.
pub(crate) fn keep(sandbox: &Sandbox) -> io::Result<Init> {
    start_in(sandbox, None)
}

/// An init without a program stays.
fn start_in(sandbox: &Sandbox, program: Option<Program>) -> io::Result<Init> {
    let stays = program.is_none();
    if let Some(kept) = sandbox.file_system.get() {
        return start(Shared::new(program, stays, Ground::Kept), Way::Into(kept));
    }
    let user = needs_user_namespace()?;
    let ground = Ground::Namespaces(Mounts::new(sandbox, user)?);
    let init = start(Shared::new(program, stays, ground), Way::Direct)?;
    // Where the program has ended already, there is nothing worth keeping.
    if let Ok(kept) = FileSystem::of(init.pid, user) {
        let _ = sandbox.file_system.set(kept);
    }
    Ok(init)
}

/// Where an init's process comes from.
enum Way<'a> {
    /// This process makes it, in new namespaces or in its own.
    Direct,
    /// It is made in these mounts.
    Into(&'a FileSystem),
}

/// Whether namespaces take a user namespace.
///
/// # Errors
/// There are none.
pub(super) fn needs_user_namespace() -> io::Result<bool> {
    match containment() {
        Containment::Full => Ok(false),
        Containment::User => Ok(true),
        Containment::Missing(error) => Err(error.into()),
    }
}

impl Program {
    /// The program of `command`, with its arguments, its folder and the variables that are set on
    /// it.
    pub(super) fn new(
        command: &Command,
        streams: [&OwnedFd; 3],
        cgroup: Option<&Cgroup>,
    ) -> io::Result<Self> {
        let text = |text: &std::ffi::OsStr| CString::new(text.as_bytes());
        let path = text(command.get_program())?;
        let arguments = std::iter::once(Ok(path.clone())).chain(command.get_args().map(text));
        let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let variables = variables
            .map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()));
        let folder = command.get_current_dir().map_or(Path::new("/"), |path| path);
        let mut stack = Stack::new();
        Ok(Self {
            path,
            folder: text(folder.as_os_str())?,
            arguments: Strings::new(arguments.collect::<Result<_, _>>()?),
            variables: Strings::new(variables.collect::<Result<_, _>>()?),
            streams: streams.map(AsRawFd::as_raw_fd),
            entry: cgroup.map_or(Entry::NOWHERE, Cgroup::entry),
            top: stack.top(),
            _stack: stack,
            refused: AtomicI32::new(0),
        })
    }

    /// Executes it in a new process: a child of this one, or with `CLONE_PARENT` in `flags` one of
    /// this one's parent. Allocates nothing, and waits until the process has its own memory or has
    /// ended. If the program cannot
    /// be executed, that is the error, with the process that must be waited for.
    pub(super) fn start(&self, flags: c_int) -> Result<Pid, (Option<Pid>, Errno)> {
        let flags = flags | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let argument: *const Self = self;
        // SAFETY: `execute` keeps to what the module's documentation says of it. This process
        // waits until that one has its own memory or has ended (`CLONE_VFORK`), so its stack and
        // its argument live long enough.
        let pid = unsafe {
            self.entry.make(execute, (self.top, STACK), flags, argument.cast_mut().cast())
        };
        let pid = pid.map_err(|error| (None, error))?;
        match (made(pid), self.refused.load(Ordering::Acquire)) {
            (Some(pid), 0) => Ok(pid),
            (pid, refused) => Err((pid, Errno::from_raw_os_error(refused))),
        }
    }
}

impl Shared {
    fn new(program: Option<Program>, stays: bool, ground: Ground) -> Self {
        Self { program, stays, ground, report: -1, ended: AtomicI64::new(RUNNING) }
    }
}

/// Starts the init and waits until the program is executed.
fn start(shared: Shared, way: Way<'_>) -> io::Result<Init> {
    let (mut reader, writer) = io::pipe()?;
    let mut memory = Box::new(Memory { shared, init_stack: Stack::new() });
    memory.shared.report = writer.as_raw_fd();
    let mut flags = libc::SIGCHLD | libc::CLONE_VM;
    if let Ground::Namespaces(mounts) = &memory.shared.ground {
        flags |= libc::CLONE_NEWPID | libc::CLONE_NEWNS;
        if mounts.needs_user_namespace() {
            flags |= libc::CLONE_NEWUSER;
        }
    }
    let top = memory.init_stack.top();
    let mut memory = ManuallyDrop::new(memory);
    let argument: *mut Shared = &raw mut memory.shared;
    let pid = match way {
        // SAFETY: the stack and the argument live until the init has been waited for; `top` is the
        // stack's aligned end.
        Way::Direct => unsafe { clone_init(flags, top, argument.cast()) },
        // SAFETY: the same, and `init` keeps to what the module's documentation says of it.
        Way::Into(kept) => unsafe { kept.start(init, top, argument.cast()) },
    };
    let pid = match pid {
        Ok(pid) => pid,
        Err(error) => {
            ManuallyDrop::into_inner(memory);
            return Err(error);
        }
    };
    drop(writer);
    let started = Init { pid, orders: None, memory };
    let mut report = [0; 4];
    let error = match reader.read_exact(&mut report) {
        Ok(()) => match i32::from_ne_bytes(report) {
            0 => return Ok(started),
            number => io::Error::from_raw_os_error(number),
        },
        Err(error) => error,
    };
    let _ = rustix::process::kill_process(pid, Signal::KILL);
    let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
    started.forget_process();
    Err(error)
}

/// A new process that runs [`init`].
///
/// # Safety
/// `top`, the aligned end of a stack, and `argument`, a [`Shared`], are its own until it has been
/// waited for.
unsafe fn clone_init(flags: c_int, top: *mut c_void, argument: *mut c_void) -> io::Result<Pid> {
    let blocked = BlockedSignals::new();
    // SAFETY: the caller sees to stack and argument; `init` keeps to what the module's documentation
    // says of it.
    let pid = unsafe { libc::clone(init, top, flags, argument) };
    let failed = io::Error::last_os_error();
    drop(blocked);
    made(pid).ok_or(failed)
}

impl Init {
    /// The init's id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Ends the init and everything below it.
    pub(crate) fn kill(&self) {
        // Neither fails but where the init has ended already.
        let _ = match &self.orders {
            // The kernel kills the others of its namespace.
            None => rustix::process::kill_process(self.pid, Signal::KILL),
            Some(orders) => rustix::io::write(orders, b"x").map(drop),
        };
    }

    /// How the program ended; `None` while it runs, and if it was killed with its init.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.memory.shared.ended.load(Ordering::Acquire) {
            RUNNING => None,
            status => Some(Exit::from_status(status as i32)),
        }
    }

    /// Frees the memory. The init must have been waited for, or nobody can know it any more.
    pub(crate) fn forget_process(self) {
        drop(ManuallyDrop::into_inner(self.memory));
    }
}

/// No signal handler of Samovar's must run in the init, nor before the program is executed.
struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    fn new() -> Self {
        // SAFETY: both sets are valid for writes; the mask is this thread's own.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set was filled in by the system.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// The init's life.
extern "C" fn init(argument: *mut c_void) -> c_int {
    // SAFETY: `start` passes this, and keeps it until this process has been waited for.
    let shared = unsafe { &*argument.cast::<Shared>() };
    let begun = begin(shared);
    let number = begun.map_or_else(Errno::raw_os_error, |_| 0);
    // SAFETY: the descriptor is a copy of the pipe's end, which this process holds open.
    let report = unsafe { BorrowedFd::borrow_raw(shared.report) };
    // It fails if Samovar ended before the parent-death signal was asked for.
    let told = rustix::io::write(report, &number.to_ne_bytes());
    if let (Ground::Host(orders), Ok(Some(program))) = (&shared.ground, begun) {
        let _ = close_all_but([orders.as_raw_fd()]);
        // If Samovar has ended, the pipe says so.
        return reaper::run(program, orders, |status| {
            shared.ended.store(status.into(), Ordering::Release);
        });
    }
    let (Ok(program), Ok(_)) = (begun, told) else { return 1 };
    let _ = close_range(0, u32::MAX);
    let program = match program {
        Some(program) => program,
        None if shared.stays => stay(),
        None => return 0,
    };
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => {
                shared.ended.store(status.as_raw().into(), Ordering::Release);
                return 0;
            }
            // Somebody's orphan.
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return 1,
        }
    }
}

fn begin(shared: &Shared) -> Result<Option<Pid>, Errno> {
    setpgid(None, None)?;
    // What lists of processes show.
    let _ = rustix::thread::set_name(c"samovar-init");
    let orders = match &shared.ground {
        Ground::Namespaces(mounts) => {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            mounts.enter()?;
            None
        }
        Ground::Kept => {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            enter_again()?;
            None
        }
        Ground::Host(orders) => {
            // What follows the program's start must not fail: nothing would end it. The call closes
            // nothing.
            close_range(u32::MAX, u32::MAX)?;
            reaper::begin()?;
            Some(orders.as_raw_fd())
        }
    };
    // The program's process gets the descriptors that this one has.
    let started = shared.program.as_ref().map(|program| program.start(0)).transpose();
    match orders {
        None => close_all_but([shared.report])?,
        Some(orders) => {
            close_all_but([shared.report.min(orders), shared.report.max(orders)])?;
        }
    }
    started.map_err(|(_, error)| error)
}

/// Keeps the namespaces until it is killed.
fn stay() -> ! {
    // SAFETY: it concerns this process only, whose signal handlers are its own. That of a child
    // that has ended is ignored, so the kernel reaps what has lost its parent (wait(2)).
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    loop {
        // SAFETY: it waits for a signal, and all are blocked.
        unsafe { libc::pause() };
    }
}

/// What `clone` answers: a process, or -1.
pub(super) fn made(pid: c_int) -> Option<Pid> {
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

/// Runs `life` in a process of its own, in Samovar's memory, and waits until it has ended. It is
/// made where `entry` leads.
///
/// # Safety
/// `life` is given `argument`, makes system calls over what has been prepared there, and cannot
/// panic.
///
/// # Errors
/// The system makes no process.
pub(super) unsafe fn aside<T>(
    entry: Entry,
    life: extern "C" fn(*mut c_void) -> c_int,
    argument: &mut T,
) -> io::Result<()> {
    let mut stack = Stack::new();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let argument: *mut T = argument;
    let blocked = BlockedSignals::new();
    // SAFETY: the caller vouches for `life`. This thread waits until that process has ended
    // (`CLONE_VFORK`), so its stack and its argument live.
    let pid = unsafe { entry.make(life, (stack.top(), STACK), flags, argument.cast()) };
    drop(blocked);
    let _ = rustix::process::waitpid(made(pid?), WaitOptions::empty());
    Ok(())
}

/// From the new process to the program; returns only if there is no way.
extern "C" fn execute(argument: *mut c_void) -> c_int {
    // SAFETY: `Program::start` passes this, and waits.
    let program = unsafe { &*argument.cast::<Program>() };
    if let Err(error) = program.entry.enter() {
        program.refused.store(error.raw_os_error(), Ordering::Release);
        return 1;
    }
    // A session of its own: no terminal, and so none of its signals.
    let _ = rustix::process::setsid();
    // SAFETY: system calls over values of this process and prepared ones. Signals that Samovar
    // ignores or blocks would stay so in the program.
    let number = unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        let mut streams = program.streams.iter().zip(0..);
        if streams.any(|(from, to)| libc::dup2(*from, to) < 0)
            || libc::chdir(program.folder.as_ptr()) < 0
        {
            *libc::__errno_location()
        } else {
            let arguments = program.arguments.pointers.as_ptr();
            libc::execve(program.path.as_ptr(), arguments, program.variables.pointers.as_ptr());
            *libc::__errno_location()
        }
    };
    program.refused.store(number, Ordering::Release);
    1
}

/// Closes every descriptor but these, in order: they are copies of Samovar's, which must not outlive
/// them.
fn close_all_but<const N: usize>(kept: [RawFd; N]) -> Result<(), Errno> {
    let mut next = 0;
    for kept in kept {
        let kept = u32::try_from(kept).map_err(|_| Errno::BADF)?;
        if kept > next {
            close_range(next, kept - 1)?;
        }
        next = kept.saturating_add(1);
    }
    close_range(next, u32::MAX)
}

/// Needs Linux 5.9.
pub(super) fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: this process uses none of these descriptors any more.
    match unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } {
        0 => Ok(()),
        _ => Err(Errno::NOSYS),
    }
}
