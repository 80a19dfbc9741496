package chart

import "assay/shared/analysis"

// Tree draws a hierarchical clustering from the left, where each series is by itself, to the right, where all are one. The names
// of a cluster share a colour; clusters has a number from 1 for each series, as Dendrogram.Cut gives it.
func Tree(f Frame, names []string, tree analysis.Dendrogram, clusters []int) Picture {
	return Picture{f, func(p pen, b box) {
		n := len(names)
		b.bottom -= 20
		row := b.height() / float64(n)
		size := fontFor(row)
		widest := 0.0
		for _, name := range names {
			widest = max(widest, p.width(regular, size, name))
		}
		widest = min(widest, b.width()/3)
		x := axis{low: 0, high: highest(tree.Heights), start: b.left + widest + 12, end: b.right - 8}
		for _, t := range x.ticks(70, number) {
			p.line(stroke{color: p.theme.grid, width: 1}, point{t.at, b.top}, point{t.at, b.bottom})
			p.text(t.at, b.bottom+16, 11, middle, p.theme.quiet, t.text)
		}
		nodes := make([]node, n, 2*n)
		for place, leaf := range tree.Leaves {
			y := b.top + float64((float64(place)+0.5)*row)
			nodes[leaf] = node{point{x.start, y}, clusters[leaf]}
			p.text(x.start-8, y+size/3, size, end, p.cluster(clusters[leaf]).color, p.fit(regular, size, names[leaf], widest))
		}
		for i, pair := range tree.Merges {
			a, c := nodes[pair[0]], nodes[pair[1]]
			joined := node{point{x.at(tree.Heights[i]), (a.y + c.y) / 2}, a.cluster}
			if a.cluster != c.cluster {
				joined.cluster = 0
			}
			p.line(p.cluster(joined.cluster), a.point, point{joined.x, a.y}, point{joined.x, c.y}, c.point)
			nodes = append(nodes, joined)
		}
	}}
}

// node is where a cluster of the tree ends; cluster is 0 where it holds several.
type node struct {
	point
	cluster int
}

func (p pen) cluster(n int) stroke {
	if n == 0 {
		return stroke{color: p.theme.quiet, width: 1.6}
	}
	return stroke{color: p.theme.lines[(n-1)%MaxLines], width: 1.6}
}

func highest(heights []float64) float64 {
	top := 1e-9
	for _, h := range heights {
		top = max(top, h)
	}
	return top
}
