package analysis

// MFI is 100 times the share of money flow, typical price times volume, of the last n bars that came with a rising typical price; 0
// where less than 1 flowed (Quong and Soudack 1989; the bound is TA-Lib's).
func MFI(high, low, closing, volume []float64, n int) []float64 {
	mustWindow(n, 1)
	if len(closing) <= n {
		return absent(len(closing))
	}
	typical := typicalPrices(high, low, closing)
	in, out := make([]float64, len(typical)-1), make([]float64, len(typical)-1)
	for i := range in {
		flow := typical[i+1] * volume[i+1]
		if typical[i+1] > typical[i] {
			in[i] = flow
		} else if typical[i+1] < typical[i] {
			out[i] = flow
		}
	}
	rising, falling := RollingSum(in, n)[n-1:], RollingSum(out, n)[n-1:]
	for i, r := range rising {
		if both := r + falling[i]; both < 1 {
			rising[i] = 0
		} else {
			rising[i] = 100 * (r / both)
		}
	}
	return pad(len(closing), rising)
}

// OBV adds the volume of bars that closed higher and takes away that of bars that closed lower, from the first one's volume
// (Granville 1963).
func OBV(closing, volume []float64) []float64 {
	out, sum := make([]float64, len(closing)), 0.0
	for i, v := range volume {
		switch {
		case i == 0 || closing[i] > closing[i-1]:
			sum += v
		case closing[i] < closing[i-1]:
			sum -= v
		}
		out[i] = sum
	}
	return out
}

// AccumulationDistribution adds volume times where the close lies in the range, from -1 at the low to 1 at the high (Chaikin).
func AccumulationDistribution(high, low, closing, volume []float64) []float64 {
	out, sum := make([]float64, len(closing)), 0.0
	for i, c := range closing {
		if span := high[i] - low[i]; span > 0 {
			sum += float64(((c - low[i]) - (high[i] - c)) / span * volume[i])
		}
		out[i] = sum
	}
	return out
}
