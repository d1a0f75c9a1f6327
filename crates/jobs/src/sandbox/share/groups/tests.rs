use super::*;

const MOUNTS_V1: &str = "\
24 20 0:22 / /sys/fs/cgroup/cpu rw,nosuid - cgroup cgroup rw,cpu
25 20 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
const MOUNTS_V2: &str = "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate";

fn check(mounts: &str, membership: &str, controllers: &str, expected: Option<(Version, &str)>) {
    let found = find_home(mounts, membership, &|_| controllers.to_owned());
    let expected = expected.map(|(version, directory)| Home {
        version,
        directory: directory.into(),
    });
    assert_eq!(found, expected);
}

#[test]
fn home_is_found_in_each_layout() {
    let v1 = "2:cpuacct:/\n1:cpu:/a\n0::/";
    check(
        MOUNTS_V1,
        v1,
        "hugetlb",
        Some((Version::V1, "/sys/fs/cgroup/cpu/a")),
    );
    let unit = "0::/system.slice/kinora.service";
    let home = "/sys/fs/cgroup/system.slice/kinora.service";
    check(MOUNTS_V2, unit, "cpu memory", Some((Version::V2, home)));
    check(MOUNTS_V2, unit, "memory", None);
    check("", "", "", None);
    check("garbage - x", "::", "cpu", None);
}

fn tree(version: Version) -> (tempfile::TempDir, Home) {
    let root = tempfile::tempdir().unwrap();
    let home = Home {
        version,
        directory: root.path().to_owned(),
    };
    (root, home)
}

fn read(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap()
}

#[test]
fn version_2_divides_by_weight_and_ceiling() {
    let (root, home) = tree(Version::V2);
    let groups = Groups::create_in(home, 60, 2, 77).unwrap();
    assert_eq!(read(root.path(), "serve/cgroup.procs"), "77");
    assert_eq!(read(root.path(), "video/cpu.weight"), "100");
    assert_eq!(read(root.path(), "serve/cpu.weight"), "100");
    groups.set_ceiling(true);
    assert_eq!(read(root.path(), "serve/cpu.max"), "60000 100000");
    groups.set_ceiling(false);
    assert_eq!(read(root.path(), "serve/cpu.max"), "max 100000");
}

#[test]
fn version_1_divides_by_shares_and_quota() {
    let (root, home) = tree(Version::V1);
    let groups = Groups::create_in(home, 75, 4, 77).unwrap();
    assert_eq!(read(root.path(), "kinora-77/video/cpu.shares"), "1000");
    groups.set_ceiling(true);
    assert_eq!(
        read(root.path(), "kinora-77/serve/cpu.cfs_quota_us"),
        "75000"
    );
    groups.set_ceiling(false);
    assert_eq!(read(root.path(), "kinora-77/serve/cpu.cfs_quota_us"), "-1");
}
