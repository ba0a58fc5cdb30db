//! The playbooks that come with the software.

use std::sync::LazyLock;

use domain::incident::Manner;

use crate::Playbook;

static ALL: LazyLock<Vec<Playbook>> = LazyLock::new(|| {
    let texts = [
        include_str!("../data/stolen.yaml"),
        include_str!("../data/lost.yaml"),
    ];
    let read = |text: &&str| Playbook::read(text).expect("what comes with the software is well formed");
    texts.iter().map(read).collect()
});

/// The playbook for a terminal that went in that manner.
pub fn of(manner: Manner) -> &'static Playbook {
    let its = ALL.iter().find(|playbook| playbook.manners.contains(&manner));
    its.unwrap_or(&ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::incident::Manner;

    #[test]
    fn each_manner_has_its_playbook_and_each_house_has_duties_of_it() {
        for manner in Manner::ALL {
            let playbook = of(manner);
            assert!(playbook.manners.contains(&manner), "{manner:?}");
            for is_outside in [false, true] {
                let mut names: Vec<_> = playbook
                    .duties(is_outside, "Asia/Shanghai")
                    .map(|(said, _)| said.duty.as_str())
                    .collect();
                // What others rely on.
                for duty in [
                    "police_report",
                    "check_transactions",
                    "acquirer_deregister",
                    "exposure_assessment",
                    "replacement",
                ] {
                    assert!(names.contains(&duty), "{manner:?} {duty}");
                }
                let count = names.len();
                names.dedup();
                assert_eq!(names.len(), count);
            }
        }
    }
}
