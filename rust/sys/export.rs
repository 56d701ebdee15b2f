// SPDX-License-Identifier: GPL-2.0

//! Functions that C code of other modules calls.

/// Defines functions that C calls by name, with the types that the kernel's headers give them.
///
/// Each function becomes `#[no_mangle]`. A type that differs from the header's in any way is a
/// compile-time error. The name must also stand in `rust/exports.c` to be seen by other modules.
///
/// ```ignore
/// p9_export! {
///     /// Whether `clnt` speaks 9P2000.L.
///     ///
///     /// # Safety
///     ///
///     /// `clnt` must come from `p9_client_create()` and must not have been destroyed.
///     pub unsafe extern "C" fn p9_is_proto_dotl(clnt: *mut bindings::p9_client) -> c_int {
///         ..
///     }
/// }
/// ```
macro_rules! p9_export {
    ($(
        $(#[$attr:meta])*
        $(pub)? unsafe extern "C" fn $name:ident($($arg:tt)*) $(-> $ret:ty)? $body:block
    )*) => {$(
        // Both branches of an `if` have one type.
        const _: () = {
            if true {
                $crate::bindings::$name
            } else {
                $name
            };
        };

        $(#[$attr])*
        #[no_mangle]
        pub(crate) unsafe extern "C" fn $name($($arg)*) $(-> $ret)? $body
    )*};
}
pub(crate) use p9_export;
