//! Links between the pages of the repository lead somewhere.

use crate::repository::{has_extension, root, text_files};

#[test]
fn every_link_to_a_file_of_the_repository_leads_somewhere() {
    let mut followed = 0;
    for file in text_files().iter().filter(|file| has_extension(&file.path, "md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&file.text) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains(':') {
                continue;
            }
            assert!(root().join(folder).join(path).exists(), "{}: the link {link} leads nowhere", file.path);
            followed += 1;
        }
    }
    assert!(followed > 10, "only {followed} links found");
}

/// The targets of `[text](target)`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.match_indices("](").filter_map(|(at, mark)| {
        let rest = &page[at + mark.len()..];
        rest.find([')', '\n']).filter(|end| rest[*end..].starts_with(')')).map(|end| &rest[..end])
    })
}
