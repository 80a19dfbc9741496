package analysis

import "gonum.org/v1/gonum/stat/distuv"

// TailRisk is value at risk (VaR) and expected shortfall (CVaR) of one period at one confidence, as positive losses: VaR is the
// loss that is exceeded with a probability of 1-confidence, CVaR the mean loss there.
type TailRisk struct {
	N                  int      `doc:"Returns"`
	VaR                Value    `doc:"Historical, a positive loss: the type 7 quantile"`
	CVaR               Value    `doc:"Historical: mean loss of the returns at or below the quantile"`
	GaussVaR           Value    `doc:"Of a normal distribution with the mean and population deviation of the returns"`
	GaussCVaR          Value    `doc:"The mean loss beyond it"`
	CornishFisherVaR   Value    `doc:"With the skewness and kurtosis as well"`
	CornishFisherCVaR  Value    `doc:"Boudt, Peterson and Croux 2008"`
	OperationalCVaR    Value    `doc:"The greater of the two before: never less than its VaR"`
	Skew               Value    `doc:"Of population moments"`
	Kurtosis           Value    `doc:"Of population moments; that of a normal distribution is 0"`
	CornishFisherPoint Value    `doc:"The quantile of the standardised return"`
	Warnings           []Reason `doc:"out-of-domain: the expansion is not monotone. cvar-below-var: its CVaR is less than its VaR"`
}

// Tail returns the tail risk of returns per period; what is absent is dropped first. It panics unless 0 < confidence < 1.
func Tail(returns []float64, confidence float64) TailRisk {
	mustConfidence(confidence)
	r := Drop(returns)
	t := TailRisk{N: len(r)}
	if len(r) == 0 {
		for _, v := range []*Value{
			&t.VaR, &t.CVaR, &t.GaussVaR, &t.GaussCVaR, &t.CornishFisherVaR, &t.CornishFisherCVaR, &t.OperationalCVaR, &t.Skew,
			&t.Kurtosis, &t.CornishFisherPoint,
		} {
			*v = None(TooFew)
		}
		return t
	}
	a := 1 - confidence
	t.VaR, t.CVaR = HistoricalTail(r, confidence)
	shape, z := ShapeOf(r), distuv.UnitNormal.Quantile(a)
	t.GaussVaR = Of(-(shape.Mean + float64(z*shape.StdDev)))
	t.GaussCVaR = Of(-shape.Mean + float64(shape.StdDev*distuv.UnitNormal.Prob(z)/a))
	t.Skew, t.Kurtosis = shape.Skew, shape.Kurtosis
	t.cornishFisher(shape, z, a)
	return t
}

func mustConfidence(confidence float64) {
	if !(confidence > 0 && confidence < 1) {
		panic("analysis: a confidence outside 0 to 1")
	}
}

// HistoricalTail returns the historical part of Tail alone.
func HistoricalTail(returns []float64, confidence float64) (valueAtRisk, shortfall Value) {
	mustConfidence(confidence)
	r := Drop(returns)
	if len(r) == 0 {
		return None(TooFew), None(TooFew)
	}
	k, f := rank(len(r), 1-confidence)
	near := neighbourhood(r, k)
	q := between(near.values, k-near.less, f)
	sum, n := near.sum, near.less
	for _, v := range near.values {
		if v <= q {
			sum += v
			n++
		}
	}
	return Of(-q), Of(-sum / float64(n))
}

// cornishFisher fills in the expansion's part.
func (t *TailRisk) cornishFisher(shape Shape, z, a float64) {
	if !shape.Skew.Ok() || !shape.Kurtosis.Ok() {
		why := None(firstReason(shape.Skew, shape.Kurtosis))
		t.CornishFisherPoint, t.CornishFisherVaR, t.CornishFisherCVaR, t.OperationalCVaR = why, why, why, why
		return
	}
	s, k := shape.Skew.Number, shape.Kurtosis.Number
	square, cube := float64(z*z), float64(z*z*z)
	h := z + float64((square-1)*s/6) + float64((cube-float64(3*z))*k/24) - float64((float64(2*cube)-float64(5*z))*s*s/36)
	v, es := -(shape.Mean + float64(h*shape.StdDev)), -shape.Mean+float64(shape.StdDev*modifiedShortfall(h, s, k)/a)
	t.CornishFisherPoint, t.CornishFisherVaR, t.CornishFisherCVaR, t.OperationalCVaR = Of(h), Of(v), Of(es), Of(max(v, es))
	if !monotone(s, k) {
		t.Warnings = append(t.Warnings, OutOfDomain)
	}
	if es < v {
		t.Warnings = append(t.Warnings, BelowVaR)
	}
}

// monotone reports whether the expansion's quantile rises with the probability everywhere: whether its derivative in z,
// 1 + zS/3 + (z^2-1)K/8 - (6z^2-5)S^2/36, has no root (Maillard 2012).
func monotone(s, k float64) bool {
	a, b, c := float64(k/8)-float64(s*s/6), s/3, 1-float64(k/8)+float64(5*s*s/36)
	if a == 0 && b == 0 {
		return c > 0
	}
	return a > 0 && float64(b*b) < 4*a*c
}

// modifiedShortfall is the integral of the Edgeworth density's tail below h, times -h's unit: equation 15 of Boudt, Peterson and
// Croux 2008, as PerformanceAnalytics computes it.
func modifiedShortfall(h, s, k float64) float64 {
	density := distuv.UnitNormal.Prob(h)
	i1, i2, i3 := tailPower(1, h), tailPower(2, h), tailPower(3, h)
	i4, i6 := tailPower(4, h), tailPower(6, h)
	return density +
		float64((i4-float64(6*i2)+float64(3*density))*k/24) +
		float64((i3-float64(3*i1))*s/6) +
		float64((i6-float64(15*i4)+float64(45*i2)-float64(15*density))*s*s/72)
}

// tailPower is I^q of their appendix: the integral of the density times a power, by parts.
func tailPower(power int, h float64) float64 {
	term := distuv.UnitNormal.Prob(h)
	product, sum, from := 1.0, term, 2
	if power%2 == 1 {
		term = float64(term * h)
		product, sum, from = 1, term-float64(distuv.UnitNormal.CDF(h)), 3
	}
	for j := from; j <= power; j += 2 {
		product *= float64(j)
		term = float64(term * h * h / float64(j))
		sum += term
	}
	return float64(product * sum)
}
