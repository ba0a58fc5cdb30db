//! Why a step of a replacement is refused, each by its stable code.
//!
//! Invariant: an early step says which one is open.

use app::replacement::Error;
use domain::checklist::Wrong;
use domain::replacement::{NotTested, State as Stands};

use crate::problem::{Problem, Why};

crate::problem::codes! {
    /// No such replacement, for this account.
    NOT_FOUND = "replacement_not_found", NOT_FOUND:
        ("没有找到换机记录", "没有这条换机记录。"),
        ("Replacement not found", "There is no such replacement.");
    /// An earlier step is open.
    EARLIER_STEP = "earlier_step_open", CONFLICT:
        ("前面还有一步没有完成", "先完成前面的一步。"),
        ("An earlier step is open", "Do the earlier step first.");
    /// The device is lost, bound or picked elsewhere since it was looked at.
    NOT_FREE = "device_not_free", CONFLICT:
        ("这台设备不能用了", "核查之后，这台设备被报失、登记或被别处选用了。请重新核查。"),
        ("The device is not free any more", "Since it was checked, this device was reported lost, registered or picked elsewhere. Check it again.");
    /// The lost terminal's keys are not dead by the record.
    OLD_KEYS_ALIVE = "old_keys_alive", CONFLICT:
        ("旧密钥还没有失效", "记录显示丢失终端的密钥还在，或者它没有停用。新终端不能启用。"),
        ("The old keys are not dead", "By the record the lost terminal still has a key, or is not stopped. The new one cannot go live.");
    /// The new terminal has no master key.
    NO_KEY = "no_master_key", CONFLICT:
        ("新终端还没有主密钥", "先为新终端设置主密钥，再核对校验值。"),
        ("The new terminal has no key", "Set the new terminal's master key first, then compare its check value.");
    /// The check value is not that of the new terminal's key.
    OTHER_KEY = "other_check_value", CONFLICT:
        ("校验值不一致", "设备上的校验值与记录的密钥不一致。"),
        ("Another check value", "The check value on the device is not that of the key in the record.");
    /// Another terminal has this key, or had it.
    KEY_NOT_UNIQUE = "key_not_unique", CONFLICT:
        ("这个密钥别的终端在用", "另一台终端（或丢失的那台）的密钥有同样的校验值。请换一个密钥。"),
        ("The key is another terminal's", "Another terminal, or the lost one, has a key of this check value. Set another key.");
    /// No sale was tried and taken back.
    NOT_TESTED = "not_tested", CONFLICT:
        ("还没有试成", "没有找到这台终端的一笔获批消费。请签到，刷一笔，再撤销。"),
        ("Not tried yet", "No approved sale of this terminal was found. Sign in, sell something, and void it.");
    /// So many steps were taken with it already.
    TOO_MANY_STEPS = "too_many_steps", CONFLICT:
        ("步骤太多", "这次换机记录的步骤已经太多。请撤回，另开一条。"),
        ("Too many steps", "Too many steps were taken with this replacement: withdraw it and begin another.");
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Case(error) => error.into(),
            Error::NotKept(error) => error.into(),
            Error::EarlierStep(state) => {
                let (zh, en) = open_step(state);
                Self::new(EARLIER_STEP).saying(format!("还没有完成：{zh}。"), format!("Still open: {en}."))
            }
            Error::DeviceNotFree => Self::new(NOT_FREE),
            Error::OldKeysAlive => Self::new(OLD_KEYS_ALIVE),
            Error::NoKey => Self::new(NO_KEY),
            Error::OtherKey => Self::new(OTHER_KEY),
            Error::KeyNotUnique => Self::new(KEY_NOT_UNIQUE),
            Error::NotTested(NotTested::NoSale) => Self::new(NOT_TESTED),
            Error::NotTested(NotTested::SaleStands) => Self::new(NOT_TESTED).saying(
                "有试刷的消费还没有撤销。请在终端上撤销每一笔，再核对。".to_owned(),
                "A sale of the test is not taken back yet: void each of them on the terminal, then look again.".to_owned(),
            ),
            Error::Checklist(Wrong::Unknown) => Self::field("answers", Why::Unknown),
            Error::Checklist(Wrong::Unanswered(item)) => Self::field(format!("answers.{item}"), Why::Missing),
            Error::Checklist(Wrong::NoteMissing(item)) => Self::field(format!("answers.{item}.note"), Why::Missing),
            Error::TooManySteps => Self::new(TOO_MANY_STEPS),
        }
    }
}

/// The step that is open in a state, in Chinese and in English.
const fn open_step(state: Stands) -> (&'static str, &'static str) {
    match state {
        Stands::Begun | Stands::Refused => (
            "选定设备并核查来源",
            "pick a device and check where it comes from",
        ),
        Stands::Warned => (
            "写明为什么仍然使用这台设备",
            "say why the device is used all the same",
        ),
        Stands::DeviceChecked => ("绑定到商户", "bind it to the merchant"),
        Stands::Bound => ("让旧密钥失效", "end the old keys"),
        Stands::OldKeysDead => ("核对新密钥", "check the new keys"),
        Stands::KeysLoaded | Stands::Testing => ("试刷一笔并撤销", "try a sale and void it"),
        Stands::Tested => ("签署安全检查单", "sign the security checklist"),
        Stands::Signed | Stands::Live | Stands::Returned | Stands::Withdrawn => ("启用", "go live"),
    }
}
