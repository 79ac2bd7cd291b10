//go:build !cgo

#include "textflag.h"

#define SYS_rt_sigaction 13
#define SYS_rt_sigprocmask 14
#define SYS_fcntl 72
#define SYS_arch_prctl 158
#define ARCH_SET_FS 0x1002
#define F_GETFD 1

// The first thread's local storage: one pointer to its g, at 0.
GLOBL startTLS<>(SB), NOPTR, $64

// Called by rt0_go with the C calling convention on the first stack; BX, BP and R12 to R15 are the caller's.
// The kernel clobbers AX, CX and R11.
TEXT runner_record_start(SB), NOSPLIT|NOFRAME, $0
	PUSHQ	BX
	PUSHQ	R12

	// Thread-local storage: the runtime keeps g at -8(FS).
	LEAQ	startTLS<>+8(SB), SI
	MOVQ	$ARCH_SET_FS, DI
	MOVQ	$SYS_arch_prctl, AX
	SYSCALL

	// startFDFlags[fd] = fcntl(fd, F_GETFD, 0)
	LEAQ	·startFDFlags(SB), R12
	XORQ	BX, BX
descriptor:
	MOVQ	BX, DI
	MOVQ	$F_GETFD, SI
	XORQ	DX, DX
	MOVQ	$SYS_fcntl, AX
	SYSCALL
	MOVQ	AX, (R12)(BX*8)
	INCQ	BX
	CMPQ	BX, $3
	JL	descriptor

	// rt_sigaction(signal, NULL, &old, 8); startHandlers[signal] = old.sa_handler
	LEAQ	·startHandlers(SB), R12
	SUBQ	$64, SP
	MOVQ	$1, BX
handler:
	MOVQ	$0, (SP)
	MOVQ	BX, DI
	XORQ	SI, SI
	MOVQ	SP, DX
	MOVQ	$8, R10
	MOVQ	$SYS_rt_sigaction, AX
	SYSCALL
	MOVQ	(SP), AX
	MOVQ	AX, (R12)(BX*8)
	INCQ	BX
	CMPQ	BX, $65
	JL	handler
	ADDQ	$64, SP

	// rt_sigprocmask(0, NULL, &startMask, 8)
	XORQ	DI, DI
	XORQ	SI, SI
	LEAQ	·startMask(SB), DX
	MOVQ	$8, R10
	MOVQ	$SYS_rt_sigprocmask, AX
	SYSCALL

	MOVQ	$1, AX
	MOVQ	AX, ·startRecorded(SB)
	POPQ	R12
	POPQ	BX
	RET
