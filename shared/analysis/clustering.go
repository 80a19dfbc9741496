package analysis

import (
	"math"
	"slices"
)

// Linkage says how far apart two clusters are.
type Linkage string

// The linkages.
const (
	Single   Linkage = "single"
	Complete Linkage = "complete"
	Average  Linkage = "average"
	Ward     Linkage = "ward"
)

// Dendrogram is the tree of a hierarchical clustering. Merge i makes cluster n+i of two earlier ones; clusters below n are the series.
type Dendrogram struct {
	Merges  [][2]int  `doc:"The two clusters that each merge joins: below n a series, n+i what merge i made"`
	Heights []float64 `doc:"Distance at which each merge joins"`
	Sizes   []int     `doc:"Series in the cluster that the merge makes"`
	Leaves  []int     `doc:"The series, in the order in which the tree is drawn without crossings"`
}

// CorrelationDistance turns correlations into distances, sqrt((1-rho)/2): 0 for series that move as one, 1 for opposites.
//
// Definition: Mantegna, European Physical Journal B 11 (1999), scaled to 1.
func CorrelationDistance(correlations [][]float64) [][]float64 {
	d := make([][]float64, len(correlations))
	for i, row := range correlations {
		d[i] = make([]float64, len(row))
		for j, rho := range row {
			if i != j {
				d[i][j] = math.Sqrt(max(0, (1-rho)/2))
				if rho != rho {
					d[i][j] = math.NaN()
				}
			}
		}
	}
	return d
}

// Cluster joins the two nearest clusters until one is left. distances is symmetric; an absent one leaves the tree undefined.
// The time is cubic in the number of series.
//
// Definition: Lance and Williams, Computer Journal 9 (1967). Of equal distances the pair with the smallest numbers comes first.
func Cluster(distances [][]float64, linkage Linkage) (Dendrogram, error) {
	n := len(distances)
	if n < 2 {
		return Dendrogram{}, TooFew
	}
	d := make([][]float64, n)
	for i, row := range distances {
		mustMatch(len(row), n)
		if allFinite(row) != nil {
			return Dendrogram{}, NotFinite
		}
		d[i] = slices.Clone(row)
	}
	id, size := make([]int, n), make([]int, n) // of the cluster in each slot; size 0 is a free slot
	for i := range n {
		id[i], size[i] = i, 1
	}
	var tree Dendrogram
	for step := range n - 1 {
		a, b := nearest(d, id, size)
		height := d[a][b]
		tree.Merges = append(tree.Merges, [2]int{min(id[a], id[b]), max(id[a], id[b])})
		tree.Heights = append(tree.Heights, height)
		tree.Sizes = append(tree.Sizes, size[a]+size[b])
		for k := range n {
			if size[k] > 0 && k != a && k != b {
				d[a][k] = linkage.distance(d[a][k], d[b][k], height, float64(size[a]), float64(size[b]), float64(size[k]))
				d[k][a] = d[a][k]
			}
		}
		id[a], size[a], size[b] = n+step, size[a]+size[b], 0
	}
	tree.Leaves = tree.leaves(2*n-2, nil)
	return tree, nil
}

func nearest(d [][]float64, id, size []int) (a, b int) {
	least, key := math.Inf(1), [2]int{}
	for i := range d {
		for j := i + 1; j < len(d) && size[i] > 0; j++ {
			if size[j] == 0 || d[i][j] > least {
				continue
			}
			pair := [2]int{min(id[i], id[j]), max(id[i], id[j])}
			if d[i][j] < least || slices.Compare(pair[:], key[:]) < 0 {
				least, key, a, b = d[i][j], pair, i, j
			}
		}
	}
	return a, b
}

// distance from the union of a and b, which are ab apart, to k.
func (l Linkage) distance(ak, bk, ab, a, b, k float64) float64 {
	switch l {
	case Single:
		return min(ak, bk)
	case Complete:
		return max(ak, bk)
	case Average:
		return (float64(a*ak) + float64(b*bk)) / (a + b)
	case Ward:
		square := float64((a+k)*ak*ak) + float64((b+k)*bk*bk) - float64(k*ab*ab)
		return math.Sqrt(max(0, square) / (a + b + k))
	}
	panic("analysis: unknown linkage " + string(l))
}

func (t Dendrogram) leaves(cluster int, into []int) []int {
	n := len(t.Merges) + 1
	if cluster < n {
		return append(into, cluster)
	}
	pair := t.Merges[cluster-n]
	return t.leaves(pair[1], t.leaves(pair[0], into))
}

// Cut numbers the clusters of each series, from 1 in the order of the leaves, when at most k are left. Merges of one height stay
// together, so that there may be fewer.
func (t Dendrogram) Cut(k int) []int {
	mustAtLeast("k", k, 1)
	n := len(t.Merges) + 1
	joined := max(0, n-k)
	for joined > 0 && joined < n-1 && t.Heights[joined] <= t.Heights[joined-1] {
		joined++
	}
	top := make([]int, n+joined) // the cluster that each belongs to in the end
	for i := range top {
		top[i] = i
	}
	for i := joined - 1; i >= 0; i-- {
		for _, part := range t.Merges[i] {
			top[part] = top[n+i]
		}
	}
	labels, number := make([]int, n), map[int]int{}
	for _, leaf := range t.Leaves {
		if number[top[leaf]] == 0 {
			number[top[leaf]] = len(number) + 1
		}
		labels[leaf] = number[top[leaf]]
	}
	return labels
}

// Cophenetic returns the height at which each pair of series meets: pairs (0,1), (0,2), ..., (n-2,n-1).
func (t Dendrogram) Cophenetic() []float64 {
	n := len(t.Merges) + 1
	members := make([][]int, n, 2*n-1)
	for i := range n {
		members[i] = []int{i}
	}
	out := make([]float64, n*(n-1)/2)
	for m, pair := range t.Merges {
		for _, i := range members[pair[0]] {
			for _, j := range members[pair[1]] {
				low, high := min(i, j), max(i, j)
				out[low*n-low*(low+1)/2+high-low-1] = t.Heights[m]
			}
		}
		members = append(members, slices.Concat(members[pair[0]], members[pair[1]]))
	}
	return out
}
