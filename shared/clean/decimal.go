package clean

import (
	"math"
	"strconv"
)

// powersOfTen are exact as float64.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// decimal reads a decimal number: digits with one point at most, a sign before them and an exponent after them. It returns
// the float64 nearest to what is written, and false for any other text and for what is too large for one.
//
// Up to 15 digits the number is a whole one below 2^53 times or over a power of ten that is exact, and IEEE 754 rounds their
// product or quotient correctly (Clinger, How to Read Floating Point Numbers Accurately, 1990). strconv reads the others.
func decimal(text string) (float64, bool) {
	i, negative := 0, false
	if text != "" && (text[0] == '-' || text[0] == '+') {
		i, negative = 1, text[0] == '-'
	}
	var whole uint64
	digits, significant, point := 0, 0, -1
	for ; i < len(text); i++ {
		if d := text[i] - '0'; d <= 9 {
			whole = whole*10 + uint64(d) // wraps beyond 19 digits, where it is not used
			if digits++; whole != 0 {
				significant++
			}
		} else if text[i] == '.' && point < 0 {
			point = digits
		} else {
			break
		}
	}
	if digits == 0 || i < len(text) && !isExponent(text[i:]) {
		return 0, false
	}
	if i < len(text) || significant > 15 {
		return slowDecimal(text)
	}
	decimals := 0
	if point >= 0 {
		decimals = digits - point
	}
	if decimals >= len(powersOfTen) {
		return slowDecimal(text)
	}
	v := float64(whole) / powersOfTen[decimals]
	if negative && v != 0 {
		v = -v
	}
	return v, true
}

// slowDecimal reads what has the form of a decimal number.
func slowDecimal(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if v == 0 {
		v = 0 // not -0
	}
	return v, err == nil && !math.IsInf(v, 0)
}

// isExponent reports whether a text is e, a sign or none, and digits.
func isExponent(text string) bool {
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = text[1:]
	if text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
