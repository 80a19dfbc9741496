//go:build bench

package tests

import "time"

const (
	startRuns = 20
	idleWait  = 5 * time.Second
)

// starts measures how soon a handler answers, and what a process takes that has nothing to do.
func (b *bench) starts() {
	l := line{what: "assay host, start to first answer", print: milliseconds, bar: 0.05}
	for range startRuns {
		s, took := b.host()
		l.samples, l.memory = append(l.samples, took), append(l.memory, s.memory("VmHWM"))
		s.stop()
	}
	b.add(l)

	s, _ := b.host()
	<-time.After(idleWait)
	b.add(line{what: "assay host, idle", samples: []float64{s.memory("VmRSS")}, print: mebibytes, bar: 40 << 20, memory: []float64{s.memory("VmHWM")}})
	s.stop()

	a := startAzurite(b.t, false)
	defer a.stop()
	s = b.run(a.connection, "Clean,Load,Reconcile,Api,Page") // without the functions that would ask the network
	<-time.After(idleWait)
	b.add(line{what: "assay run, idle", samples: []float64{s.memory("VmRSS")}, print: mebibytes, bar: 40 << 20, memory: []float64{s.memory("VmHWM")}})
	s.stop()
}
