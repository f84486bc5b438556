//! The cgroups that this process is in, by hierarchy.

use std::fs;
use std::path::{Path, PathBuf};

/// This process's own cgroup in each hierarchy that matters, as a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// In cgroup v2's one hierarchy.
    pub(super) unified: Option<PathBuf>,
    /// In the hierarchies of cgroup v1 that have these controllers.
    pub(super) memory_v1: Option<PathBuf>,
    pub(super) pids_v1: Option<PathBuf>,
}

impl Own {
    /// What `/proc` says; empty where there is nothing.
    pub(super) fn find() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
    }

    /// From `/proc/self/cgroup` (cgroups(7)) and `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
    fn parse(cgroups: &str, mounts: &str) -> Self {
        let mut own = Self::default();
        for line in cgroups.lines() {
            // hierarchy-ID:controller-list:cgroup-path
            let mut fields = line.splitn(3, ':');
            let (Some(id), Some(list), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let has = |name| list.split(',').any(|one| one == name);
            if id == "0" && list.is_empty() {
                own.unified = folder(mounts, path, |kind, _| kind == "cgroup2");
            }
            let controlled = |name| {
                folder(mounts, path, |kind, options| {
                    kind == "cgroup" && options.split(',').any(|one| one == name)
                })
            };
            if has("memory") {
                own.memory_v1 = controlled("memory");
            }
            if has("pids") {
                own.pids_v1 = controlled("pids");
            }
        }
        own
    }
}

/// Where the cgroup `path` is seen, in the first mount whose type and options `fits` takes.
fn folder(mounts: &str, path: &str, fits: impl Fn(&str, &str) -> bool) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [FIELD...] - TYPE SOURCE SUPER-OPTIONS
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        let mut file_system = file_system.split(' ');
        let (kind, options) = (file_system.next()?, file_system.nth(1)?);
        if !fits(kind, options) {
            return None;
        }
        // Another cgroup may be mounted than the hierarchy's root, as in containers. A path with
        // `..` is outside this process's cgroup namespace (cgroup_namespaces(7)).
        let below = Path::new(path).strip_prefix(unescaped(root)).ok()?;
        if below.components().any(|part| part.as_os_str() == "..") {
            return None;
        }
        Some(Path::new(&unescaped(point)).join(below))
    })
}

/// Blanks and their like are written `\040` in mountinfo.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, character)| text.replace(code, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Option<PathBuf> {
        Some(text.into())
    }

    #[test]
    fn one_hierarchy() {
        let own = Own::parse(
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u5.scope\n",
            "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        );
        let at =
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-u5.scope";
        assert_eq!(own, Own { unified: path(at), ..Own::default() });
    }

    #[test]
    fn many_hierarchies() {
        let own = Own::parse(
            "12:pids:/\n4:cpu,memory:/a b\n3:cpuset:/\n1:name=systemd:/\n0::/c\n",
            "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
             35 31 0:32 / /sys/fs/cgroup/cpu\\040memory rw - cgroup cgroup rw,cpu,memory\n\
             39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 cgroup2 rw\n",
        );
        assert_eq!(own.memory_v1, path("/sys/fs/cgroup/cpu memory/a b"));
        assert_eq!(own.pids_v1, path("/sys/fs/cgroup/pids"));
        assert_eq!(own.unified, path("/sys/fs/cgroup/unified/c"));
    }

    /// Docker without a cgroup namespace shows the container's own cgroup at the mount point.
    #[test]
    fn a_container_sees_its_own_cgroup_at_the_top() {
        let mounts = "1 2 0:3 /docker/17 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             1 2 0:4 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw\n";
        let own = Own::parse("4:memory:/docker/17/inner\n0::/../other\n", mounts);
        assert_eq!(own.memory_v1, path("/sys/fs/cgroup/memory/inner"));
        assert_eq!(own.unified, None, "outside the namespace");
        assert_eq!(Own::parse("4:memory:/elsewhere\n", mounts), Own::default());
    }

    #[test]
    fn anything_else_is_nothing() {
        assert_eq!(Own::parse("", ""), Own::default());
        assert_eq!(Own::parse("0\n::\n7:memory:/\n", "no mounts\n - \n"), Own::default());
    }
}
