//! Words: closed lists of names that tables, routes, pages and documents share.
//!
//! Invariant: a word's code never changes once rows or clients may hold it; within one list each code stands once.

/// A list of words, as the [`words!`](crate::words) macro makes it.
pub trait Word: Copy + Eq + std::fmt::Debug + Send + Sync + 'static {
    /// All of them, in the order they were written.
    const WORDS: &'static [Self];

    /// The word's name in tables, routes and documents.
    fn word(self) -> &'static str;

    /// The word of that name.
    fn of(code: &str) -> Option<Self> {
        Self::WORDS.iter().copied().find(|word| word.word() == code)
    }
}

/// Makes an enumeration whose variants have a code each.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$word_doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            $vis const ALL: [Self; [$($code),+].len()] = [$(Self::$variant),+];

            /// The name in tables, routes and documents.
            $vis const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The one of that name.
            $vis fn parse(code: &str) -> Option<Self> {
                <Self as $crate::word::Word>::of(code)
            }
        }

        impl $crate::word::Word for $name {
            const WORDS: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static str {
                self.code()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    words! {
        /// Two of them.
        pub enum Pair {
            /// The one.
            One = "one",
            /// The other.
            Other = "the_other",
        }
    }

    #[test]
    fn a_word_is_found_by_its_code_and_nothing_else() {
        assert_eq!(Pair::ALL.map(Pair::code), ["one", "the_other"]);
        assert_eq!(Pair::parse("the_other"), Some(Pair::Other));
        assert_eq!(Pair::parse("Other"), None);
    }
}
