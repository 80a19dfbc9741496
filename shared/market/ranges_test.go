package market

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJoin(t *testing.T) {
	for _, test := range []struct {
		name         string
		ranges, more []Range
		want         []Range
	}{
		{"nothing", nil, nil, nil},
		{"an empty one", nil, []Range{{5, 5}, {7, 6}}, nil},
		{"apart, in any order", []Range{{10, 20}}, []Range{{1, 2}, {30, 31}}, []Range{{1, 2}, {10, 20}, {30, 31}}},
		{"touching", []Range{{10, 20}}, []Range{{20, 30}}, []Range{{10, 30}}},
		{"inside", []Range{{10, 20}}, []Range{{12, 15}}, []Range{{10, 20}}},
		{"over several", []Range{{1, 2}, {4, 5}, {8, 9}}, []Range{{2, 8}}, []Range{{1, 9}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Join(test.ranges, test.more...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithout(t *testing.T) {
	for _, test := range []struct {
		name   string
		r      Range
		others []Range
		want   []Range
	}{
		{"nothing is known", Range{10, 20}, nil, []Range{{10, 20}}},
		{"all is", Range{10, 20}, []Range{{5, 25}}, nil},
		{"exactly all", Range{10, 20}, []Range{{10, 20}}, nil},
		{"ends before", Range{10, 20}, []Range{{1, 10}}, []Range{{10, 20}}},
		{"the middle", Range{10, 20}, []Range{{12, 15}}, []Range{{10, 12}, {15, 20}}},
		{"both ends", Range{10, 20}, []Range{{1, 12}, {18, 30}}, []Range{{12, 18}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.r.Without(test.others)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
