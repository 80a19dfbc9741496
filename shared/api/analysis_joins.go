package api

import (
	"strings"

	"assay/shared/analysis"
)

// prices returns the prices of all series at the times that they have in common, one column per series.
func (s *sheet) prices() (times []int64, columns [][]float64, err error) {
	s.join = analysis.PricesFirst
	times, columns = analysis.InnerJoin(all(s.series)...)
	s.n = len(times)
	return times, columns, s.overlap()
}

// joined returns the returns of all series at the times at which they end, by the join that was asked for. None is absent: a row
// that lacks one is left out.
func (s *sheet) joined() (times []int64, columns [][]float64, err error) {
	return s.joinedOf(s.series...)
}

// joinedOf is joined for some of the series.
func (s *sheet) joinedOf(list ...observed) (times []int64, columns [][]float64, err error) {
	times, columns = analysis.JoinReturns(s.join, s.returns, all(list)...)
	full := make([]analysis.Series, len(columns))
	for n := range columns {
		full[n] = analysis.Series{Time: times, Value: columns[n]}
	}
	times, columns = analysis.InnerJoin(full...)
	s.n = len(times)
	if s.n == 0 {
		if few, _ := analysis.InnerJoin(all(list)...); len(few) > 0 {
			return nil, nil, analysis.TooFew
		}
	}
	return times, columns, s.overlap(list...)
}

// correlations are those of the returns of all series at common times, at least two.
func (s *sheet) correlations() ([][]float64, error) {
	_, columns, err := s.joined()
	if err == nil && s.n < 2 {
		err = analysis.TooFew
	}
	if err != nil {
		return nil, err
	}
	return analysis.CorrelationMatrix(columns), nil
}

// overlap refuses series that have no time in common.
func (s *sheet) overlap(list ...observed) error {
	if s.n > 0 {
		return nil
	}
	if len(list) == 0 {
		list = s.series
	}
	reach := make([]string, len(list))
	for n, o := range list {
		reach[n] = o.ID.String() + " has observations from " + printed(o.bars[0].Start) + " to " + printed(o.bars[len(o.bars)-1].Start)
	}
	return badRequest("The series have no observation at a common time: %s.", strings.Join(reach, ", "))
}
