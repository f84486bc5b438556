use super::*;

fn sh(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).env("PATH", "/usr/bin:/bin");
    command
}

/// Reads one line of the process, which is a process id.
fn first_line(spawned: &Spawned) -> Pid {
    use std::io::BufRead;

    let mut line = String::new();
    let stdout = spawned.stdout.try_clone().unwrap();
    std::io::BufReader::new(std::fs::File::from(stdout)).read_line(&mut line).unwrap();
    Pid::from_raw(line.trim().parse().unwrap()).unwrap()
}

/// Whether the process runs. A zombie does not: whoever adopted it has to reap it.
fn runs(pid: Pid) -> bool {
    match std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) {
        Ok(stat) => !stat.rsplit_once(") ").unwrap().1.starts_with('Z'),
        Err(_) => false,
    }
}

async fn gone(pid: Pid) {
    for _ in 0..500 {
        if !runs(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{pid:?} still runs");
}

#[tokio::test]
async fn an_exit_is_told_each_time_it_is_asked_for() {
    let group = spawn(sh("exit 7"), Home::Host, None).await.unwrap().watch().0;
    assert_eq!(group.exited().await, Exit::Status(7));
    assert_eq!(group.exited().await, Exit::Status(7));
    assert!(!group.is_alive());
    group.kill();
}

#[tokio::test]
async fn a_kill_ends_the_first_process_and_its_children() {
    let spawned = spawn(sh("sleep 1000 & echo $!; wait"), Home::Host, None).await.unwrap();
    let grandchild = first_line(&spawned);
    let group = spawned.watch().0;
    assert!(group.is_alive() && runs(grandchild));
    group.look_at_memory();
    assert!(group.peak_memory() > 0);
    group.kill();
    assert_eq!(group.exited().await, Exit::Signal { number: 9, core_dumped: false });
    gone(grandchild).await;
    assert!(group.peak_memory() > 0, "remembered");
}

#[tokio::test]
async fn children_do_not_outlive_a_first_process_that_exits() {
    let spawned = spawn(sh("sleep 1000 & echo $!"), Home::Host, None).await.unwrap();
    let grandchild = first_line(&spawned);
    let group = spawned.watch().0;
    assert_eq!(group.exited().await, Exit::Status(0));
    gone(grandchild).await;
}

/// Starts a process that leaves its group and its session and loses its parent, and says its id.
const ORPHAN: &str = "(setsid sleep 1000 & echo $!)";

#[tokio::test]
async fn orphans_of_another_session_end_with_the_first_process() {
    let spawned = spawn(sh(&format!("{ORPHAN}; exit 3")), Home::Host, None).await.unwrap();
    let orphan = first_line(&spawned);
    assert_eq!(spawned.watch().0.exited().await, Exit::Status(3));
    gone(orphan).await;
}

#[tokio::test]
async fn orphans_of_another_session_end_with_a_kill_and_with_a_drop() {
    for kill in [true, false] {
        let spawned = spawn(sh(&format!("{ORPHAN}; sleep 1000")), Home::Host, None).await.unwrap();
        let orphan = first_line(&spawned);
        let group = spawned.watch().0;
        assert!(runs(orphan));
        if kill {
            group.kill();
            let killed = Exit::Signal { number: 9, core_dumped: false };
            assert_eq!(group.exited().await, killed);
        }
        drop(group);
        assert!(!runs(orphan));
    }
}

#[tokio::test]
async fn many_children_that_make_more_end_too() {
    let script = "for i in 1 2 3 4 5 6 7 8 9; do (while :; do setsid sleep 1000 & sleep 0.001; \
                  done) & done; sleep 0.3; echo $$; exit 0";
    let spawned = spawn(sh(script), Home::Host, None).await.unwrap();
    first_line(&spawned);
    let reaper = spawned.leader.0.pid;
    assert_eq!(spawned.watch().0.exited().await, Exit::Status(0));
    assert_eq!(os::descendants(reaper), []);
}

#[tokio::test]
async fn a_drop_leaves_neither_process_nor_zombie() {
    let group = spawn(sh("exec sleep 1000"), Home::Host, None).await.unwrap().watch().0;
    let pid = group.leader.0.pid;
    drop(group);
    assert!(!std::path::Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists());
    let unwatched = spawn(sh("exec sleep 1000"), Home::Host, None).await.unwrap();
    let pid = unwatched.leader.0.pid;
    drop(unwatched);
    assert!(!std::path::Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let error = spawn(Command::new("/nonexistent"), Home::Host, None).await.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
