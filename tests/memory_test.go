package tests

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
)

// memoryOf reads VmHWM (the peak) or VmRSS (now) of a process on Linux, in bytes; 0 for one that has ended.
func memoryOf(pid int, field string) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0
	}
	kilo, _ := strconv.ParseFloat(string(m[1]), 64)
	return kilo * 1024
}
