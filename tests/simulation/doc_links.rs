//! Links in the documentation lead somewhere: to a file of this repository, and to a heading of it.
#![expect(clippy::disallowed_methods, reason = "reads the pages that are checked")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages: Markdown files, but for those of folders that are built.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir()
                && !path.is_symlink()
                && !name.starts_with('.')
                && name != "target"
                && name != "build"
            {
                folders.push(path);
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The page without its code: what stands between fences, and in backticks.
fn prose(text: &str) -> String {
    let mut code = false;
    let mut lines = String::new();
    for line in text.lines() {
        code ^= line.starts_with("```");
        if !code && !line.starts_with("```") {
            lines += line;
            lines.push('\n');
        }
    }
    lines
}

/// The anchors of a page, as GitHub and mdBook make them of its headings: small letters, digits, hyphens.
fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let kept = |c: char| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        };
        heading.trim_start_matches('#').trim().chars().filter_map(kept).collect()
    };
    prose(text).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// What the links of a page say.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let target = |rest: &str| rest.split_once(')').map(|(target, _)| target.to_owned());
    prose.split("](").skip(1).filter_map(target).filter(|t| !t.contains(' ')).collect()
}

#[test]
fn links_between_pages_lead_to_files_and_headings_that_exist() {
    let mut broken = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let name = page.strip_prefix(root()).expect("below the root").display().to_string();
        // What the book's contents name stands in the repository's root.
        let here = if name == "docs/book/SUMMARY.md" { root() } else { page.parent().expect("its folder") };
        for link in links(&text).iter().filter(|l| !l.is_empty() && !l.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { here.join(path) };
            count += 1;
            if !target.exists() {
                broken.push(format!("{name}: {link} leads to no file"));
            } else if !anchor.is_empty()
                && !anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(anchor)
            {
                broken.push(format!("{name}: {link} leads to no heading"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 300, "only {count} links were found");
}

#[test]
fn the_site_has_every_page_of_the_documentation() {
    let contents = std::fs::read_to_string(root().join("docs/book/SUMMARY.md")).expect("the contents");
    let mut listed = BTreeSet::new();
    for page in links(&contents).into_iter().filter(|page| !page.is_empty()) {
        assert!(
            listed.insert(page.clone()),
            "{page} stands twice in docs/book/SUMMARY.md, which mdBook refuses"
        );
    }
    // mdBook takes a link to a Markdown file for one to a page; a folder without a page loses its link instead.
    for page in &listed {
        let file = root().join(page);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{page}: {e}"));
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let path = link.split('#').next().unwrap_or_default();
            if path.ends_with(".md") {
                let target = file.parent().expect("its folder").join(path).canonicalize();
                let target = target.unwrap_or_else(|e| panic!("{page}: {link}: {e}"));
                let name = target.strip_prefix(root()).expect("below the root").display().to_string();
                assert!(listed.contains(&name), "{page}: {link} is no page of the site");
            }
        }
    }
    for page in pages() {
        let name = page.strip_prefix(root()).expect("below the root").display().to_string();
        let is_page = ["docs/", "renode/", "examples/"].iter().any(|folder| name.starts_with(folder));
        assert!(
            !is_page || name == "docs/book/SUMMARY.md" || listed.contains(&name),
            "{name} stands in no chapter of docs/book/SUMMARY.md"
        );
    }
}
