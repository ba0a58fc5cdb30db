//! Known messages and keys for the tests: test data from public logs, none of it in use.
//!
//! Invariant: no card number of a real card.

/// A sign-in request, its frame's length first.
pub(crate) const SIGN_IN: &str = "0057 6006010000 613100311108 0800 0020000000C00016 000001 3232303033363030
    313034353132353431313130303031 0011 000000000030 0025 53657175656E6365204E6F31323330363032323030333630 30 0003 303031";

/// The answer to a sign-in, its frame's length first.
pub(crate) const SIGN_IN_ANSWER: &str = "0079 6000000138 613100311108 0810 003800010AC00014 500211 221301 0720 08
    00085500 323231333031343931333239 3030 3939393939393036 303031343330313730313139393939 0011 000005190030 0040
    46F161A743497B32EAC760DF5EA57DF5 900ECCE3 977731A7EA402DDF 0000000000000000 CFF1592A";

/// MTI to field 63 of a message signed with [`LOGGED_KEY`].
pub(crate) const LOGGED: &str = "0200 3020048000C08031 000000 000000000001 000001 0320 00 3232303033363030
    313034353132353431313130303031 313536 0024 413330313936323131313131313131313131313131313131 0013 22006603000600";

/// The MAC key of [`LOGGED`], DES.
pub(crate) const LOGGED_KEY: &str = "DAB36167E6DFB5EF";

/// A 3DES or SM4 key for tests.
pub(crate) const DOUBLE_KEY: &str = "0123456789ABCDEFFEDCBA9876543210";

/// The bytes of hexadecimal characters; spaces and line ends are skipped.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let nibbles: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("hexadecimal") as u8)
        .collect();
    assert!(nibbles.len().is_multiple_of(2), "half a byte");
    nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The message inside a framed sample.
pub(crate) fn message_of(framed: &[u8]) -> &[u8] {
    let (taken, frame) = crate::frame::split(framed, 4096)
        .expect("a frame")
        .expect("a whole frame");
    assert_eq!(taken, framed.len());
    crate::frame::open(frame).expect("an envelope").message
}
