//go:build !cgo

#include "textflag.h"

#define SYS_write 64

// Called by the kernel: R0 signal, R1 siginfo (si_code at 8, si_pid at 16, si_value at 24), R2 context, R30 the way back.
TEXT catchSignal<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	SUB	$32, RSP
	MOVW	R0, 0(RSP)
	MOVW	8(R1), R3
	MOVW	R3, 4(RSP)
	MOVW	16(R1), R3
	MOVW	R3, 8(RSP)
	MOVW	24(R1), R3
	MOVW	R3, 12(RSP)
	MOVD	·caughtFD(SB), R0
	MOVD	RSP, R1
	MOVD	$16, R2
	MOVD	$SYS_write, R8
	SVC
	ADD	$32, RSP
	RET

DATA ·catchSignalAddress(SB)/8, $catchSignal<>(SB)
GLOBL ·catchSignalAddress(SB), RODATA, $8
DATA ·leaveSignalAddress(SB)/8, $0
GLOBL ·leaveSignalAddress(SB), RODATA, $8
