//go:build !cgo

#include "textflag.h"

#define SYS_write 1
#define SYS_rt_sigreturn 15

// Called by the kernel: DI signal, SI siginfo (si_code at 8, si_pid at 16, si_value at 24), DX context.
TEXT catchSignal<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	SUBQ	$24, SP
	MOVL	DI, 0(SP)
	MOVL	8(SI), AX
	MOVL	AX, 4(SP)
	MOVL	16(SI), AX
	MOVL	AX, 8(SP)
	MOVL	24(SI), AX
	MOVL	AX, 12(SP)
	MOVQ	·caughtFD(SB), DI
	MOVQ	SP, SI
	MOVQ	$16, DX
	MOVQ	$SYS_write, AX
	SYSCALL
	ADDQ	$24, SP
	RET

TEXT leaveSignal<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVQ	$SYS_rt_sigreturn, AX
	SYSCALL
	INT	$3

DATA ·catchSignalAddress(SB)/8, $catchSignal<>(SB)
GLOBL ·catchSignalAddress(SB), RODATA, $8
DATA ·leaveSignalAddress(SB)/8, $leaveSignal<>(SB)
GLOBL ·leaveSignalAddress(SB), RODATA, $8
