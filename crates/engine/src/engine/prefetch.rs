//! Asks for memory before it is needed. What a hundred thousand rules say does not fit a core's own cache,
//! so that each step over what an advert holds asks for what the next one begins to read: these reads are
//! under way at once, whatever is decided between them.

/// Begins to read a value, if there is one. Elsewhere than on x86-64 the processor has to see for itself.
#[inline]
pub(super) fn prefetch<T>(value: Option<&T>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(value) = value {
        safe_arch::prefetch_t0(value);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
