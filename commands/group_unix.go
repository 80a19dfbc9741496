//go:build unix

package commands

import "syscall"

// ownGroup puts a process into a group of its own, which the terminal's signals do not reach.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
