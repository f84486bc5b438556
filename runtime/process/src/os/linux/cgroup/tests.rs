use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::own::Own;
use super::samovar::enable;
use super::*;

/// Own cgroups in which others can be made.
fn writable() -> Vec<PathBuf> {
    let own = Own::find();
    let all = [own.unified, own.memory_v1, own.pids_v1].into_iter().flatten();
    let found: Vec<_> = all.filter(|own| Trial::in_(own, "probe").is_some()).collect();
    if found.is_empty() {
        eprintln!("NOT TESTED: this system lets Samovar make no cgroups");
    }
    found
}

/// A cgroup for a test, in which Samovar's can be.
struct Trial(PathBuf);

impl Trial {
    fn in_(own: &Path, name: &str) -> Option<Self> {
        let path = own.join(format!("test-{}-{name}", std::process::id()));
        fs::create_dir(&path).ok().map(|()| Self(path))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).unwrap();
    }
}

/// A process that is killed at the end.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn enter(&self, cgroup: &Path) {
        fs::write(cgroup.join("cgroup.procs"), self.0.id().to_string()).unwrap();
    }

    fn is_in(&self, cgroup: &Path) -> bool {
        let all = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap();
        all.lines().any(|pid| pid == self.0.id().to_string())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn what_nobody_has_locked_is_swept() {
    for own in writable() {
        let trial = Trial::in_(&own, "sweep").unwrap();
        let [left, other] = ["samovar-1", "other"].map(|name| trial.0.join(name));
        for folder in [&left, &left.join("1"), &other] {
            fs::create_dir(folder).unwrap();
        }
        let stray = Sleeper::new();
        stray.enter(&left.join("1"));
        let first = Folder::claim(&trial.0).unwrap();
        assert!(!left.exists() && other.exists());
        // Of the same process id, as in another PID namespace.
        let second = Folder::claim(&trial.0).unwrap();
        let paths = [first.path().to_owned(), second.path().to_owned()];
        assert!(paths[0] != paths[1] && paths.iter().all(|path| path.exists()));
        drop((first, second));
        assert!(!paths.iter().any(|path| path.exists()));
        fs::remove_dir(other).unwrap();
    }
}

#[test]
fn what_is_in_an_environments_cgroup_ends_with_it() {
    for own in writable() {
        let trial = Trial::in_(&own, "end").unwrap();
        let folder = Folder::claim(&trial.0).unwrap();
        let child = folder.child("1").unwrap();
        let sleepers = [Sleeper::new(), Sleeper::new()];
        for sleeper in &sleepers {
            sleeper.enter(&trial.0.join(folder.path()).join("1"));
        }
        assert!(child.kill_each());
        drop(child);
        assert!(!folder.path().join("1").exists());
    }
}

/// A controller of v2 that demands cgroups without processes, as memory's does, and that can be
/// had: memory's may belong to v1.
fn controller(own: &Path) -> Option<(PathBuf, &'static str)> {
    let list = |file| fs::read_to_string(own.join(file)).unwrap_or_default();
    let (there, given) = (list("cgroup.controllers"), list("cgroup.subtree_control"));
    let has = |list: &str, name: &str| list.split_ascii_whitespace().any(|one| one == name);
    let name = ["memory", "hugetlb", "io"].into_iter().find(|name| has(&there, name))?;
    let control = own.join("cgroup.subtree_control");
    (has(&given, name) || fs::write(&control, format!("+{name}")).is_ok())
        .then_some((control, name))
}

/// "No internal process constraint", cgroups(7).
#[test]
fn controllers_are_given_where_nobody_else_is() {
    let own = writable().into_iter().find(|own| own.join("cgroup.subtree_control").exists());
    let Some((control, name)) = own.as_deref().and_then(controller) else {
        eprintln!("NOT TESTED: this system gives Samovar no controller of cgroup v2");
        return;
    };
    let trial = Trial::in_(&own.unwrap(), "enable").unwrap();
    let folder = Folder::claim(&trial.0).unwrap();
    // Not a descendant of this process.
    let script = "setsid sleep 1000 > /dev/null 2>&1 & echo $!";
    let stranger = Command::new("/bin/sh").args(["-c", script]).output().unwrap();
    let stranger = String::from_utf8(stranger.stdout).unwrap().trim().to_owned();
    fs::write(trial.0.join("cgroup.procs"), &stranger).unwrap();
    let ours = Sleeper::new();
    ours.enter(&trial.0);
    let busy = enable(&trial.0, &folder, name).unwrap_err();
    assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
    assert!(ours.is_in(&trial.0), "nobody was moved");

    Command::new("kill").args(["-9", &stranger]).status().unwrap();
    while enable(&trial.0, &folder, name).is_err() {
        std::thread::sleep(PAUSE);
    }
    let leaf = folder.path().join("samovar");
    assert!(ours.is_in(&leaf));
    let child = folder.child("1").unwrap();
    let given = fs::read_to_string(folder.path().join("1/cgroup.controllers")).unwrap();
    assert_eq!(given.trim(), name);
    enable(&trial.0, &folder, name).expect("again");
    drop((child, ours));
    while fs::remove_dir(&leaf).is_err() {
        std::thread::sleep(PAUSE);
    }
    drop(folder);
    drop(trial);
    let _ = fs::write(control, format!("-{name}"));
}

#[test]
fn a_process_is_made_in_the_cgroups() {
    let Some(cgroups) = Cgroups::shared() else {
        eprintln!("NOT TESTED: this system lets Samovar make no cgroups");
        return;
    };
    let again = Cgroups::shared().unwrap();
    assert!(Arc::ptr_eq(&cgroups, &again));
    let cgroup = Cgroup::make(&cgroups, 64 << 20).unwrap();
    let null = fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let null = null.into();
    let streams = [&null; 3];
    let mut command = Command::new("/bin/sleep");
    command.arg("1000");
    let init = super::super::spawn_reaped(&command, streams, Some(&cgroup)).unwrap();
    let program = super::super::descendants(init.pid())[0];
    let text = fs::read_to_string(format!("/proc/{}/cgroup", program.as_raw_nonzero())).unwrap();
    let [memory, processes] = &cgroup.folders.others;
    let folders = [&cgroup.folders.unified, memory, processes];
    let folders = folders.map(|folder| folder.as_ref().map(|folder| folder.path().to_owned()));
    for folder in folders.iter().flatten() {
        let name = folder.iter().rev().take(2).collect::<Vec<_>>();
        let name = format!("{}/{}", name[1].display(), name[0].display());
        assert!(text.lines().any(|line| line.ends_with(&name)), "{name}: {text}");
    }
    // The init shares this process's memory, and must not be chosen for it.
    let own = |pid: &str| fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    assert_eq!(own(&init.pid().as_raw_nonzero().to_string()), own("self"));
    if let Some(memory) = cgroup.memory() {
        assert!(memory.taken().anonymous < 64 << 20);
        assert_eq!(memory.kills(), 0);
    }
    assert_eq!(cgroup.freeze(), cgroup.folders.unified.is_some());
    cgroup.thaw();
    cgroup.kill();
    rustix::process::waitpid(Some(init.pid()), rustix::process::WaitOptions::empty()).unwrap();
    assert!(init.exit().is_some());
    init.forget_process();
    drop(cgroup);
    assert!(!folders.iter().flatten().any(|folder| folder.exists()));
}
