package record

import (
	"golang.org/x/sys/unix"
)

// tryLock takes an exclusive lock on a whole file without waiting. The lock
// belongs to the open file description, so that it ends with the descriptor and
// never with an unrelated close of the same file in this process. Kernels
// before 3.15 know no such fcntl lock; flock there has the same meaning, and
// processes of one host all see the same kernel. On NFS both become byte-range
// locks of the server and so exclude each other between hosts.
func tryLock(fd int) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &lock)
	if err == unix.EINVAL {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}
	return err
}

// unlock gives back what tryLock took, without closing the file.
func unlock(fd int) {
	lock := unix.Flock_t{Type: unix.F_UNLCK}
	if unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &lock) == unix.EINVAL {
		_ = unix.Flock(fd, unix.LOCK_UN)
	}
}

// File systems on which O_APPEND is not atomic between hosts, by their
// statfs(2) magic numbers.
var networkFilesystems = [...]uint32{
	0x00006969, // NFS
	0x0000517B, // SMB
	0xFE534D42, // SMB2
	0xFF534D42, // CIFS
	0x65735546, // FUSE: sshfs, GlusterFS and others; which one cannot be told
	0x0BD00BD0, // Lustre
	0x47504653, // GPFS
	0x00C36400, // Ceph
	0x5346414F, // AFS
	0x6B414653, // AFS of the kernel
	0x01021997, // 9p
	0x19830326, // BeeGFS
	0xAAD7AAEA, // PanFS
	0x7461636F, // OCFS2
	0x01161970, // GFS2
	0x73757245, // Coda
	0x0000564C, // NCP
}

// onNetwork reports whether a folder lies on a file system that other hosts
// may write to.
func onNetwork(fd int) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) != nil {
		return false
	}
	for _, magic := range networkFilesystems {
		if uint32(st.Type) == magic {
			return true
		}
	}
	return false
}
