"""What mkdocs.yml's site holds beside the pages in docs/: MkDocs calls the functions named `on_...`.

README.md and the other documents outside docs/ become pages. Every link is written for a reader of the repository, so
it is rewritten here for the site: to the page of the document that it names or, for any other file of the repository,
to a page that shows this file. The build fails where a link names nothing, and where the site would load anything from
another server.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    **{
        f"plugins/{path.parent.name}/README.md": f"flavors/{path.parent.name}.md"
        for path in ROOT.glob("plugins/*/README.md")
    },
}
"""Each document outside docs/ by its path in the repository, and the page that it becomes."""
LINK = re.compile(r"(?<=\]\()([^)#\s]+)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
FOREIGN = re.compile(rb"<(?:script|img|iframe)[^>]*\bsrc=\"?https?:|<link[^>]*\brel=\"?stylesheet[^>]*https?:")
LANGUAGES = {".py": "py", ".toml": "toml", ".yml": "yaml", ".sh": "sh", ".md": "md"}


def on_config(config: Any) -> Any:
    """Lists in the navigation the pages of the plugins and, once there are any, those of docs/adr/."""
    plugins = sorted(page for page in DOCUMENTS.values() if page.startswith("flavors/"))
    _section(config.nav, "Flavors")["Flavors"] = [{PurePosixPath(page).stem: page} for page in plugins]
    contributing = _section(config.nav, "Contributing")["Contributing"]
    decisions = _section(contributing, "Decisions")
    pages = (f"adr/{path.name}" for path in ROOT.glob("docs/adr/*.md"))
    decisions["Decisions"] = sorted(pages, key=lambda page: (page != "adr/README.md", page))
    if not decisions["Decisions"]:
        contributing.remove(decisions)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the documents outside docs/, and a page for each other file of the repository that a page links to."""
    for document, page in DOCUMENTS.items():
        files.append(File.generated(config, page, content=(ROOT / document).read_text("utf-8")))
    linked = {target for file in files.documentation_pages() for target in _targets(file)}
    for target in sorted(linked):
        if _page(target).startswith("source/"):
            files.append(File.generated(config, _page(target), content=_shown(target)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Rewrites the links of a page."""
    here = PurePosixPath(page.file.src_uri).parent
    written = _written(page.file.src_uri)

    def rewritten(link: re.Match[str]) -> str:
        target = _target(written, link[1])
        return link[1] if target is None else os.path.relpath(_page(target), here)

    return _outside_fences(markdown, lambda text: LINK.sub(rewritten, text))


def on_post_build(config: Any) -> None:
    """Fails where a page would load something from another server."""
    for path in sorted(Path(config.site_dir).rglob("*.html")):
        foreign = FOREIGN.search(path.read_bytes())
        if foreign:
            raise PluginError(f"{path} loads from another server: {foreign[0].decode('utf-8', 'replace')}")


def _section(nav: list[dict[str, Any]], title: str) -> dict[str, Any]:
    """The entry of a navigation that has a title."""
    return next(entry for entry in nav if title in entry)


def _written(page: str) -> str:
    """The path in the repository of the document that a page is made from."""
    documents = {made: document for document, made in DOCUMENTS.items()}
    return documents.get(page, f"docs/{page}")


def _targets(file: File) -> set[str]:
    """What a page links to within the repository."""
    written = _written(file.src_uri)
    links: list[str] = []
    _outside_fences(file.content_string, lambda text: links.extend(LINK.findall(text)) or text)
    return {target for link in links if (target := _target(written, link)) is not None}


def _target(written: str, link: str) -> str | None:
    """The path in the repository of what a link names; None for a link to somewhere else.

    Args:
        written: The path in the repository of the document that contains the link.
        link: The link as it is written there, without its anchor.

    Raises:
        PluginError: Nothing is there.
    """
    if re.match(r"[a-z]+:", link):
        return None
    target = os.path.normpath(PurePosixPath(written).parent / link)
    if not (ROOT / target).exists():
        raise PluginError(f"{written} links to {link}, which does not exist")
    return target


def _page(target: str) -> str:
    """The page, or the picture, of the site that shows a path of the repository."""
    if target in DOCUMENTS:
        return DOCUMENTS[target]
    if target.startswith("docs/") and PurePosixPath(target).suffix in (".md", ".svg", ".png"):
        return target.removeprefix("docs/")
    return f"source/{target}.md"


def _shown(target: str) -> str:
    """A page with the text of a file of the repository, or with the texts of all files of a folder."""
    path = ROOT / target
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    parts = [f"---\nsearch: {{ exclude: true }}\n---\n# `{target}`"]
    for file in files:
        if "__pycache__" not in file.parts:
            title = f"\n## `{file.relative_to(path)}`\n" if path.is_dir() else ""
            parts.append(f"{title}\n`````{LANGUAGES.get(file.suffix, '')}\n{file.read_text('utf-8')}\n`````")
    return "\n".join(parts) + "\n"


def _outside_fences(markdown: str, change: Any) -> str:
    """The text with all but its fenced code changed by a function."""
    changed, end = [], 0
    for fence in FENCE.finditer(markdown):
        changed += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*changed, change(markdown[end:])])
