package consensus

import (
	"bytes"

	"assay/shared/market"
)

// verdicts keeps one slice for every list of verdicts that came up: in a year of minutes there are few. The zero verdicts is
// empty and ready.
type verdicts struct {
	lastCodes []byte
	last      []market.Verdict
	known     map[string][]market.Verdict // by codes
}

// of returns the verdicts that the rulings say, one code per voter, without those that are not present.
func (v *verdicts) of(voters []Voter, codes []byte) []market.Verdict {
	if v.last != nil && bytes.Equal(codes, v.lastCodes) {
		return v.last
	}
	list, ok := v.known[string(codes)]
	if !ok {
		for i, code := range codes {
			if ruling := market.Ruling(code); ruling != market.NotPresent {
				list = append(list, market.Verdict{Source: voters[i].Source, Ruling: ruling})
			}
		}
		if v.known == nil {
			v.known = map[string][]market.Verdict{}
		}
		v.known[string(codes)] = list
	}
	v.lastCodes, v.last = append(v.lastCodes[:0], codes...), list
	return list
}
