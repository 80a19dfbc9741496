package analysis

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPCA: two series correlated by 1/2 share 3/4 of their variance.
func TestPCA(t *testing.T) {
	got, err := PCA([][]float64{{1, 0.5}, {0.5, 1}})
	r := math.Sqrt(0.5)
	want := Components{Eigenvalues: []float64{1.5, 0.5}, Shares: []float64{0.75, 0.25}, Loadings: [][]float64{{r, -r}, {r, r}}}
	if got.Loadings != nil && got.Loadings[0][1] > 0 { // of two equal by size either may be the positive one
		want.Loadings = [][]float64{{r, r}, {r, -r}}
	}
	if diff := cmp.Diff(want, got, closely); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	impossible := [][]float64{{1, 0.9, -0.9}, {0.9, 1, 0.9}, {-0.9, 0.9, 1}}
	if _, err := PCA(impossible); err != NotPositive {
		t.Errorf("correlations that no three series have: got %v, want %v", err, NotPositive)
	}
}

// TestCluster puts four points on a line, at 0, 1, 3 and 7.
func TestCluster(t *testing.T) {
	at := []float64{0, 1, 3, 7}
	d := make([][]float64, len(at))
	for i := range d {
		for j := range at {
			d[i] = append(d[i], math.Abs(at[i]-at[j]))
		}
	}
	for linkage, heights := range map[Linkage][]float64{
		Single: {1, 2, 4}, Complete: {1, 3, 7}, Average: {1, 2.5, 17.0 / 3},
		// Ward: d² from the pair is (2*9 + 2*4 - 1)/3, and from all three (2*7² + 2*6² - 1)/3 first.
		Ward: {1, 5 / math.Sqrt(3), math.Sqrt((3*169.0/3 + 2*16 - 25.0/3) / 4)},
	} {
		got, err := Cluster(d, linkage)
		if err != nil {
			t.Fatal(err)
		}
		want := Dendrogram{Merges: [][2]int{{0, 1}, {2, 4}, {3, 5}}, Heights: heights, Sizes: []int{2, 3, 4}, Leaves: []int{3, 2, 0, 1}}
		if diff := cmp.Diff(want, got, closely); diff != "" {
			t.Errorf("%s (-want +got):\n%s", linkage, diff)
		}
	}
	tree, _ := Cluster(d, Single)
	if diff := cmp.Diff([]int{2, 2, 2, 1}, tree.Cut(2)); diff != "" {
		t.Errorf("cut into two (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{1, 2, 4, 2, 4, 4}, tree.Cophenetic()); diff != "" {
		t.Errorf("heights at which pairs meet (-want +got):\n%s", diff)
	}
	if got := CorrelationDistance([][]float64{{1, -1, 0.5}, {-1, 1, nan}, {0.5, nan, 1}}); cmp.Diff([][]float64{{0, 1, 0.5}, {1, 0, nan}, {0.5, nan, 0}}, got, closely) != "" {
		t.Errorf("distances: got %v", got)
	}
}

func TestKMeans(t *testing.T) {
	got, err := KMeans([]float64{10, 1, nan, 2, 20, 11}, 2)
	want := Regimes{Centres: []float64{1.5, 41.0 / 3}, Labels: []int{1, 0, -1, 0, 1, 1}, Inertia: 0.5 + 182.0/3}
	if diff := cmp.Diff(want, got, closely); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := KMeans([]float64{3, 3, 3}, 2); err != TooFew {
		t.Errorf("two clusters of one value: got %v, want %v", err, TooFew)
	}
}

// TestKMeansIsOptimal compares with every way to cut sorted values into three.
func TestKMeansIsOptimal(t *testing.T) {
	for n := 3; n < 30; n++ {
		x := random(n, 0, false)
		got, err := KMeans(x, 3)
		if err != nil {
			t.Fatal(err)
		}
		sorted := slices.Sorted(slices.Values(x))
		least := math.Inf(1)
		for a := 1; a < n-1; a++ {
			for b := a + 1; b < n; b++ {
				_, s0 := squares(sorted[:a])
				_, s1 := squares(sorted[a:b])
				_, s2 := squares(sorted[b:])
				least = min(least, s0+s1+s2)
			}
		}
		if math.Abs(got.Inertia-least) > 1e-9 {
			t.Errorf("%d values: got %v, want %v", n, got.Inertia, least)
		}
	}
}

// TestVolatilityRegimes: fifty quiet returns, then fifty loud ones.
func TestVolatilityRegimes(t *testing.T) {
	x := random(100, 0, false)
	for i := 50; i < 100; i++ {
		x[i] *= 10
	}
	got, err := VolatilityRegimes(x, 10, 2, 365)
	if err != nil || got.Labels[8] != -1 || got.Labels[40] != 0 || got.Labels[70] != 1 {
		t.Errorf("got %+v, %v, want none, quiet and loud in rows 8, 40 and 70", got.Labels, err)
	}
}
