//go:build !cgo

#include "textflag.h"

#define SYS_fcntl 25
#define SYS_rt_sigaction 134
#define SYS_rt_sigprocmask 135
#define F_GETFD 1

// Called by rt0_go with the C calling convention on the first stack, of which the lowest 16 bytes are free for it.
// Only R0 to R17 are used, which are the callee's. The kernel changes R0 alone. Thread-local storage needs no work here:
// without cgo the runtime keeps g in R28.
TEXT runner_record_start(SB), NOSPLIT|NOFRAME, $0
	// startFDFlags[fd] = fcntl(fd, F_GETFD, 0)
	MOVD	$·startFDFlags(SB), R10
	MOVD	$0, R9
descriptor:
	MOVD	R9, R0
	MOVD	$F_GETFD, R1
	MOVD	$0, R2
	MOVD	$SYS_fcntl, R8
	SVC
	MOVD	R0, (R10)(R9<<3)
	ADD	$1, R9
	CMP	$3, R9
	BLT	descriptor

	// rt_sigaction(signal, NULL, &old, 8); startHandlers[signal] = old.sa_handler
	MOVD	$·startHandlers(SB), R10
	SUB	$64, RSP
	MOVD	$1, R9
handler:
	MOVD	ZR, (RSP)
	MOVD	R9, R0
	MOVD	$0, R1
	MOVD	RSP, R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigaction, R8
	SVC
	MOVD	(RSP), R11
	MOVD	R11, (R10)(R9<<3)
	ADD	$1, R9
	CMP	$65, R9
	BLT	handler
	ADD	$64, RSP

	// rt_sigprocmask(0, NULL, &startMask, 8)
	MOVD	$0, R0
	MOVD	$0, R1
	MOVD	$·startMask(SB), R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigprocmask, R8
	SVC

	MOVD	$1, R11
	MOVD	$·startRecorded(SB), R10
	MOVD	R11, (R10)
	RET
