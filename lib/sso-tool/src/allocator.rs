//! The allocator of static builds.
//!
//! musl's own maps and unmaps pages one by one: hundreds of calls to the kernel in a run that reads two files, and a lock
//! around each for threads that few tools have. Elsewhere the C library's allocator is good, and stays.

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
