package chunk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"assay/shared/market"
)

// appendVerdicts packs the verdicts of a consensus. It panics over more than MaxSources sources, and over verdicts that are
// not sorted by source.
func appendVerdicts(dst []byte, decisions []market.Decision) []byte {
	names := sourceNames(decisions)
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, name := range names {
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
	}
	var lists []byte // the distinct ones, one after the other
	numbers := map[string]uint64{}
	listOf := make([]uint64, len(decisions))
	codes := make([]byte, len(names))
	for i := range decisions {
		verdicts := decisions[i].Verdicts
		if i > 0 && slices.Equal(verdicts, decisions[i-1].Verdicts) {
			listOf[i] = listOf[i-1]
			continue
		}
		clear(codes)
		for _, v := range verdicts {
			at, _ := slices.BinarySearch(names, v.Source)
			codes[at] = byte(v.Ruling)
		}
		number, known := numbers[string(codes)]
		if !known {
			number = uint64(len(numbers))
			numbers[string(codes)] = number
			lists = append(lists, codes...)
		}
		listOf[i] = number
	}
	dst = binary.AppendUvarint(dst, uint64(len(numbers)))
	dst = append(dst, lists...)
	return appendRuns(dst, len(decisions), func(i int) uint64 { return listOf[i] }, binary.AppendUvarint)
}

// sourceNames returns the names in the verdicts, sorted.
func sourceNames(decisions []market.Decision) []string {
	var names []string
	for i := range decisions {
		verdicts := decisions[i].Verdicts
		if i > 0 && slices.Equal(verdicts, decisions[i-1].Verdicts) {
			continue
		}
		for n, v := range verdicts {
			if n > 0 && verdicts[n-1].Source >= v.Source || len(v.Source) > maxName || v.Ruling == market.NotPresent || v.Ruling >= market.Rulings {
				panic(fmt.Sprintf("chunk: verdict %d is on %q with ruling %d: want sources that are present, sorted, of up to %d bytes", n, v.Source, v.Ruling, maxName))
			}
			if at, known := slices.BinarySearch(names, v.Source); !known {
				names = slices.Insert(names, at, v.Source)
			}
		}
	}
	if len(names) > MaxSources {
		panic(fmt.Sprintf("chunk: %d sources in one consensus, want %d at most", len(names), MaxSources))
	}
	return names
}

// verdicts reads the verdicts of a consensus. Equal lists are one slice.
func (r *reader) verdicts(decisions []market.Decision) {
	names := make([]string, r.below(MaxSources+1, "the number of sources"))
	for i := range names {
		names[i] = string(r.bytes(int(r.below(maxName+1, "the length of a name"))))
		if i > 0 && names[i] <= names[i-1] {
			r.fail(errors.New("its sources are not sorted"))
		}
	}
	lists := make([][]market.Verdict, r.below(uint64(len(decisions))+1, "the number of lists"))
	for i := range lists {
		lists[i] = r.list(names)
	}
	if r.err != nil {
		return
	}
	r.runs(len(decisions), r.limited(uint64(len(lists)), "the number of a list"), func(from, to int, list uint64) {
		for i := from; i < to; i++ {
			decisions[i].Verdicts = lists[list]
		}
	})
}

// list reads one list of verdicts, nil when it is empty.
func (r *reader) list(names []string) []market.Verdict {
	codes := r.bytes(len(names))
	present := len(codes) - bytes.Count(codes, []byte{byte(market.NotPresent)})
	if present == 0 {
		return nil
	}
	list := make([]market.Verdict, 0, present)
	for n, code := range codes {
		if code >= market.Rulings {
			r.fail(fmt.Errorf("ruling %d is unknown to this release", code))
			return nil
		}
		if ruling := market.Ruling(code); ruling != market.NotPresent {
			list = append(list, market.Verdict{Source: names[n], Ruling: ruling})
		}
	}
	return list
}
