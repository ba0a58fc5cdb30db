//! Working keys under a terminal's master key: field 62 of a sign-in answer.
//!
//! Invariant: clear keys are wiped when dropped and never shown; no key is given out before its check value is right.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::block::DesKey;
pub use crate::error::KeyError;

/// The first four bytes of eight zero bytes encrypted under a DES or 3DES key of 8, 16 or 24 bytes.
///
/// # Errors
/// [`KeyError::Length`] for any other length.
pub fn check_value(key: &[u8]) -> Result<[u8; 4], KeyError> {
    let [a, b, c, d, ..] = DesKey::new(key)?.encrypt([0; 8]);
    Ok([a, b, c, d])
}

/// A terminal's master key (TMK), 3DES with 16 or 24 bytes.
#[derive(Clone)]
pub struct MasterKey(DesKey);

impl MasterKey {
    /// Prepares a master key.
    ///
    /// # Errors
    /// [`KeyError::Length`] unless it has 16 or 24 bytes.
    pub fn new(key: &[u8]) -> Result<Self, KeyError> {
        match key.len() {
            16 | 24 => Ok(Self(DesKey::new(key)?)),
            bytes => Err(KeyError::Length { bytes }),
        }
    }

    /// `key` under the master key, 3DES in ECB. Keys are whole blocks of eight bytes; a rest is filled with zeros.
    #[must_use]
    pub fn wrap(&self, key: &[u8]) -> Vec<u8> {
        let mut wrapped = Vec::with_capacity(key.len().next_multiple_of(8));
        for part in key.chunks(8) {
            let mut block = Zeroizing::new([0; 8]);
            block[..part.len()].copy_from_slice(part);
            wrapped.extend_from_slice(&self.0.encrypt(*block));
        }
        wrapped
    }

    /// The clear key of `wrapped`.
    ///
    /// # Errors
    /// [`KeyError::Length`] unless it has 8, 16 or 24 bytes.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (blocks, rest) = wrapped.as_chunks::<8>();
        if !rest.is_empty() || !(1..=3).contains(&blocks.len()) {
            return Err(KeyError::Length { bytes: wrapped.len() });
        }
        let mut key = Zeroizing::new(Vec::with_capacity(wrapped.len()));
        for block in blocks {
            key.extend_from_slice(Zeroizing::new(self.0.decrypt(*block)).as_slice());
        }
        Ok(key)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

/// The working keys of one sign-in, in clear.
#[derive(Clone)]
pub struct WorkingKeys {
    /// PIK: DES (8 bytes) in the single layout, 3DES (16) in the double ones.
    pub pin: Zeroizing<Vec<u8>>,
    /// MAK: 8 bytes with most acquirers whatever the layout; 16 with some in the double layouts.
    pub mac: Zeroizing<Vec<u8>>,
    /// TDK, 16 bytes, for encrypted tracks.
    pub track: Option<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for WorkingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkingKeys")
    }
}

/// The three layouts of field 62. A layout for SM4 keys is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLayout {
    /// 24 bytes, net code 001: PIK 8, check value 4, MAK 8, check value 4.
    Single,
    /// 40 bytes, net code 003: PIK 16, check value 4, MAK 16 (8 and eight zero bytes when it is single), check value 4.
    Double,
    /// 60 bytes, net code 004: as [`KeyLayout::Double`], then TDK 16, check value 4.
    DoubleWithTrack,
}

impl KeyLayout {
    /// The layout asked for by the net code of a sign-in (field 60.3); `None` for any other code.
    #[must_use]
    pub const fn from_net_code(net_code: u16) -> Option<Self> {
        match net_code {
            1 => Some(Self::Single),
            3 => Some(Self::Double),
            4 => Some(Self::DoubleWithTrack),
            _ => None,
        }
    }

    /// The layout of a field of `bytes` bytes.
    #[must_use]
    pub const fn from_bytes(bytes: usize) -> Option<Self> {
        match bytes {
            24 => Some(Self::Single),
            40 => Some(Self::Double),
            60 => Some(Self::DoubleWithTrack),
            _ => None,
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Single => 8,
            Self::Double | Self::DoubleWithTrack => 16,
        }
    }
}

/// One wrapped key of field 62 and its check value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WrappedKey<'a> {
    /// The key under the master key.
    pub wrapped: &'a [u8],
    /// The first four bytes of eight zero bytes encrypted under the clear key.
    pub check: [u8; 4],
}

impl fmt::Debug for WrappedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} bytes)", self.wrapped.len())
    }
}

/// Field 62 cut into its parts, still under the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field62<'a> {
    /// Which layout its length told.
    pub layout: KeyLayout,
    /// PIK.
    pub pin: WrappedKey<'a>,
    /// MAK, eight bytes when the second half was zeros.
    pub mac: WrappedKey<'a>,
    /// TDK.
    pub track: Option<WrappedKey<'a>>,
}

impl<'a> Field62<'a> {
    /// Cuts field 62 of a sign-in answer.
    ///
    /// # Errors
    /// [`KeyError::Layout`] unless it has 24, 40 or 60 bytes.
    pub fn split(field: &'a [u8]) -> Result<Self, KeyError> {
        let unknown = KeyError::Layout { bytes: field.len() };
        let layout = KeyLayout::from_bytes(field.len()).ok_or(unknown)?;
        let mut parts = field.chunks_exact(layout.key_bytes() + 4).filter_map(|part| {
            let (wrapped, &check) = part.split_last_chunk::<4>()?;
            Some(WrappedKey { wrapped, check })
        });
        let pin = parts.next().ok_or(unknown)?;
        let mut mac = parts.next().ok_or(unknown)?;
        if let Some((single, [0, 0, 0, 0, 0, 0, 0, 0])) = mac.wrapped.split_last_chunk::<8>()
            && layout != KeyLayout::Single
        {
            mac.wrapped = single;
        }
        Ok(Self {
            layout,
            pin,
            mac,
            track: parts.next(),
        })
    }
}

/// Field 62 of a sign-in answer: the keys of `layout` under `master`, each with its check value.
///
/// # Errors
/// [`KeyError::Length`] when a key has another length than the layout's (a MAC key of 8 bytes fits every layout),
/// [`KeyError::NoTrackKey`] when the layout wants one that is missing.
pub fn write_field62(layout: KeyLayout, keys: &WorkingKeys, master: &MasterKey) -> Result<Vec<u8>, KeyError> {
    let key_bytes = layout.key_bytes();
    let mut field = Vec::with_capacity(60);
    let mut put = |key: &[u8], bytes_min: usize| {
        if key.len() != key_bytes && key.len() != bytes_min {
            return Err(KeyError::Length { bytes: key.len() });
        }
        field.extend_from_slice(&master.wrap(key));
        field.resize(field.len() + key_bytes - key.len(), 0);
        field.extend_from_slice(&check_value(key)?);
        Ok(())
    };
    put(&keys.pin, key_bytes)?;
    put(&keys.mac, 8)?;
    if layout == KeyLayout::DoubleWithTrack {
        put(keys.track.as_ref().ok_or(KeyError::NoTrackKey)?, key_bytes)?;
    }
    Ok(field)
}

/// The clear keys of field 62, each checked against its check value.
///
/// # Errors
/// [`KeyError::Layout`] for an unknown length, [`KeyError::CheckValue`] for the first key that does not check.
pub fn read_field62(field: &[u8], master: &MasterKey) -> Result<WorkingKeys, KeyError> {
    let field = Field62::split(field)?;
    let open = |part: WrappedKey<'_>, key: &'static str| {
        let clear = master.unwrap(part.wrapped)?;
        if check_value(&clear)?.ct_eq(&part.check).into() {
            Ok(clear)
        } else {
            Err(KeyError::CheckValue { key })
        }
    };
    Ok(WorkingKeys {
        pin: open(field.pin, "PIN")?,
        mac: open(field.mac, "MAC")?,
        track: field.track.map(|part| open(part, "track")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::samples::{DOUBLE_KEY, LOGGED_KEY, SIGN_IN_ANSWER, message_of, unhex};
    use crate::unionpay;

    fn master() -> MasterKey {
        MasterKey::new(&unhex(DOUBLE_KEY)).expect("a key")
    }

    fn secret(byte: u8, bytes: usize) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(
            (0..bytes as u8)
                .map(|index| byte ^ index.wrapping_mul(37))
                .collect(),
        )
    }

    fn keys(layout: KeyLayout, mac_bytes: usize) -> WorkingKeys {
        let bytes = if layout == KeyLayout::Single { 8 } else { 16 };
        let track = (layout == KeyLayout::DoubleWithTrack).then(|| secret(0xC3, 16));
        WorkingKeys {
            pin: secret(0xA1, bytes),
            mac: secret(0xB2, mac_bytes),
            track,
        }
    }

    const LAYOUTS: [(KeyLayout, usize, usize); 5] = [
        (KeyLayout::Single, 8, 24),
        (KeyLayout::Double, 8, 40),
        (KeyLayout::Double, 16, 40),
        (KeyLayout::DoubleWithTrack, 8, 60),
        (KeyLayout::DoubleWithTrack, 16, 60),
    ];

    #[test]
    fn check_values_are_the_known_ones() {
        assert_eq!(
            check_value(&unhex(LOGGED_KEY)).map(|v| v.to_vec()),
            Ok(unhex("B8F616DC"))
        );
        assert_eq!(check_value(&[0; 15]), Err(KeyError::Length { bytes: 15 }));
    }

    #[test]
    fn the_known_mac_key_comes_out_of_its_master_key() {
        let master = MasterKey::new(&unhex("70F2A84CCBC2AE8625CBB0F2C22AB923")).expect("a key");
        let clear = master.unwrap(&unhex("96D605EA176B7E9E")).expect("a key");
        assert_eq!(*clear, unhex("C24A8FB57AA20123"));
        assert_eq!(master.wrap(&clear), unhex("96D605EA176B7E9E"));
    }

    #[test]
    fn the_layout_of_the_logged_answer_is_read_without_its_master_key() {
        let framed = unhex(SIGN_IN_ANSWER);
        let message = Message::parse(&unionpay::POS, message_of(&framed)).expect("a message");
        let field = Field62::split(message.bytes(62).expect("field 62")).expect("a layout");
        assert_eq!(field.layout, KeyLayout::Double);
        assert_eq!(field.pin.wrapped, unhex("46F161A743497B32EAC760DF5EA57DF5"));
        assert_eq!(field.pin.check.to_vec(), unhex("900ECCE3"));
        assert_eq!(field.mac.wrapped, unhex("977731A7EA402DDF"));
        assert_eq!(field.mac.check.to_vec(), unhex("CFF1592A"));
        assert_eq!(field.track, None);
        let other = read_field62(message.bytes(62).expect("field 62"), &master());
        assert_eq!(other.err(), Some(KeyError::CheckValue { key: "PIN" }));
    }

    #[test]
    fn every_layout_comes_back_as_it_was_written() {
        for (layout, mac_bytes, field_bytes) in LAYOUTS {
            let keys = keys(layout, mac_bytes);
            let field = write_field62(layout, &keys, &master()).expect("a field");
            assert_eq!(field.len(), field_bytes);
            assert_eq!(KeyLayout::from_bytes(field.len()), Some(layout));
            let read = read_field62(&field, &master()).expect("keys");
            assert_eq!(
                (&read.pin, &read.mac, &read.track),
                (&keys.pin, &keys.mac, &keys.track)
            );
        }
    }

    #[test]
    fn only_the_second_half_of_a_double_mac_key_may_be_left_out() {
        let mac_bytes = |bytes: usize| {
            Field62::split(&vec![0; bytes])
                .expect("a layout")
                .mac
                .wrapped
                .len()
        };
        assert_eq!([24, 40, 60].map(mac_bytes), [8, 8, 8]);
    }

    #[test]
    fn a_damaged_field_names_the_key_that_does_not_check() {
        let field = write_field62(
            KeyLayout::DoubleWithTrack,
            &keys(KeyLayout::DoubleWithTrack, 8),
            &master(),
        )
        .expect("a field");
        for (index, key) in [
            (0, "PIN"),
            (16, "PIN"),
            (20, "MAC"),
            (39, "MAC"),
            (40, "track"),
            (59, "track"),
        ] {
            let mut field = field.clone();
            field[index] ^= 0x10;
            assert_eq!(
                read_field62(&field, &master()).err(),
                Some(KeyError::CheckValue { key }),
                "byte {index}"
            );
        }
        for bytes in [0, 23, 25, 39, 41, 59, 61, 120] {
            assert_eq!(
                read_field62(&vec![0; bytes], &master()).err(),
                Some(KeyError::Layout { bytes })
            );
        }
    }

    #[test]
    fn keys_that_do_not_fit_the_layout_are_refused() {
        let wrong = write_field62(KeyLayout::Single, &keys(KeyLayout::Double, 8), &master());
        assert_eq!(wrong, Err(KeyError::Length { bytes: 16 }));
        let wrong = write_field62(KeyLayout::Double, &keys(KeyLayout::Single, 8), &master());
        assert_eq!(wrong, Err(KeyError::Length { bytes: 8 }));
        let missing = write_field62(KeyLayout::DoubleWithTrack, &keys(KeyLayout::Double, 8), &master());
        assert_eq!(missing, Err(KeyError::NoTrackKey));
        let odd = WorkingKeys {
            mac: secret(1, 12),
            ..keys(KeyLayout::Double, 8)
        };
        assert_eq!(
            write_field62(KeyLayout::Double, &odd, &master()),
            Err(KeyError::Length { bytes: 12 })
        );
    }

    #[test]
    fn the_net_code_tells_the_layout() {
        let layouts = [1, 2, 3, 4, 5].map(KeyLayout::from_net_code);
        let expected = [
            Some(KeyLayout::Single),
            None,
            Some(KeyLayout::Double),
            Some(KeyLayout::DoubleWithTrack),
            None,
        ];
        assert_eq!(layouts, expected);
    }

    #[test]
    fn master_keys_and_wrapped_keys_have_whole_lengths() {
        for bytes in 0..=32 {
            assert_eq!(
                MasterKey::new(&vec![1; bytes]).is_ok(),
                matches!(bytes, 16 | 24),
                "{bytes}"
            );
            assert_eq!(
                master().unwrap(&vec![1; bytes]).is_ok(),
                matches!(bytes, 8 | 16 | 24),
                "{bytes}"
            );
        }
        assert_eq!(
            master().wrap(&[1, 2, 3]),
            master().wrap(&[1, 2, 3, 0, 0, 0, 0, 0])
        );
    }

    #[test]
    fn keys_are_not_shown() {
        let keys = keys(KeyLayout::DoubleWithTrack, 8);
        assert_eq!(format!("{keys:?} {:?}", master()), "WorkingKeys MasterKey");
        let field = write_field62(KeyLayout::DoubleWithTrack, &keys, &master()).expect("a field");
        let shown = format!("{:?}", Field62::split(&field).expect("a layout"));
        assert_eq!(
            shown,
            "Field62 { layout: DoubleWithTrack, pin: WrappedKey(16 bytes), mac: WrappedKey(8 bytes), \
             track: Some(WrappedKey(16 bytes)) }"
        );
    }
}
