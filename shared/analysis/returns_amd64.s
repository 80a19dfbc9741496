#include "textflag.h"

DATA terms<>+0(SB)/8, $0x3fd5555555555555  // 1/3
DATA terms<>+8(SB)/8, $0x3fc999999999999a  // 1/5
DATA terms<>+16(SB)/8, $0x3fc2492492492492 // 1/7
DATA terms<>+24(SB)/8, $0x3fbc71c71c71c71c // 1/9
DATA terms<>+32(SB)/8, $0x3f447ae147ae147b // smallMove squared
DATA terms<>+40(SB)/8, $0x7fc0000000000000 // largestSum
GLOBL terms<>(SB), RODATA|NOPTR, $48

// func smallMovesAVX(r, prices []float64) int
//
// Four rows at a time it does what logRatio does for one, step by step in the same order, so that the bits are the same.
TEXT ·smallMovesAVX(SB), NOSPLIT, $0-56
	MOVQ         r_base+0(FP), DI
	MOVQ         prices_base+24(FP), SI
	MOVQ         prices_len+32(FP), CX
	XORQ         AX, AX                 // rows written
	VBROADCASTSD terms<>+0(SB), Y8
	VBROADCASTSD terms<>+8(SB), Y9
	VBROADCASTSD terms<>+16(SB), Y10
	VBROADCASTSD terms<>+24(SB), Y11
	VBROADCASTSD terms<>+32(SB), Y12
	VBROADCASTSD terms<>+40(SB), Y13
	VXORPD       Y14, Y14, Y14
	SUBQ         $5, CX                 // the last row at which four moves, of five prices, begin
	JLT          done

four:
	VMOVUPD   (SI)(AX*8), Y0       // the prices before
	VMOVUPD   8(SI)(AX*8), Y1      // the prices
	VADDPD    Y0, Y1, Y2           // sum
	VSUBPD    Y0, Y1, Y3
	VDIVPD    Y2, Y3, Y3           // s
	VMULPD    Y3, Y3, Y4           // q
	VCMPPD    $0x11, Y12, Y4, Y5   // q < smallMove squared
	VCMPPD    $0x1e, Y14, Y2, Y6   // sum > 0
	VCMPPD    $0x12, Y13, Y2, Y7   // sum <= largestSum
	VANDPD    Y5, Y6, Y5
	VANDPD    Y5, Y7, Y5
	VMOVMSKPD Y5, DX
	CMPL      DX, $15
	JNE       done                 // not all four are small
	VMULPD    Y11, Y4, Y5
	VADDPD    Y10, Y5, Y5
	VMULPD    Y4, Y5, Y5
	VADDPD    Y9, Y5, Y5
	VMULPD    Y4, Y5, Y5
	VADDPD    Y8, Y5, Y5
	VMULPD    Y3, Y4, Y4
	VMULPD    Y4, Y5, Y5
	VADDPD    Y3, Y5, Y5
	VADDPD    Y5, Y5, Y5
	VMOVUPD   Y5, (DI)(AX*8)
	ADDQ      $4, AX
	CMPQ      AX, CX
	JLE       four

done:
	VZEROUPPER
	MOVQ AX, ret+48(FP)
	RET
