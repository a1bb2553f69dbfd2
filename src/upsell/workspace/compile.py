"""Compiling: documents to a program, with every problem of every file at once.

The law: the same documents give the same program, and a program is only given when nothing is
wrong; no text in a document, however odd, raises anything but ``DefinitionError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.metrics import Metric
from upsell.decisions.proof import Stretch
from upsell.decisions.proof_words import (
    METRIC_VALUE_NAMES,
    MILESTONE_NAMES,
    OVERAGE_NAMES,
    PEER_NAMES,
    VALUE_NAMES,
)
from upsell.decisions.queues import Queue
from upsell.errors import DefinitionError, Problem
from upsell.journeys.program import Program
from upsell.journeys.workflow import Workflow
from upsell.rules.kinds import Kind
from upsell.rules.vocabulary import Vocabulary
from upsell.workspace.catalog import compile_catalog
from upsell.workspace.contact_law import compile_law
from upsell.workspace.definitions import Definitions
from upsell.workspace.discounts import compile_discounts
from upsell.workspace.documents import (
    CATALOG,
    CONTACT_HOURS,
    LARGEST,
    QUEUES,
    SEGMENTS,
    SETTINGS,
    SIGNALS,
    SINKS,
    SOURCES,
    TEMPLATES,
    WORKFLOWS,
    Documents,
    meant_file,
    read_workspace,
)
from upsell.workspace.editions import NEWEST, Edition
from upsell.workspace.files import FILES, FileKind
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Item, Record
from upsell.workspace.layers import compile_layers
from upsell.workspace.nodes import compose, is_writable
from upsell.workspace.policy import compile_policy
from upsell.workspace.pricing import check_offers
from upsell.workspace.prompt_texts import compile_prompt_texts
from upsell.workspace.protection import protect
from upsell.workspace.queues import compile_queues
from upsell.workspace.reading import Reader, read_loosely
from upsell.workspace.rulebook import (
    CART_NAMES,
    FIELDS,
    FIT_NAMES,
    LINK_NAMES,
    OFFER_NAMES,
    ORDER_NAMES,
    OWN_MAILS,
    PLAN_NAMES,
    TRIGGER_FIELDS,
    compile_signals,
    open_rulebook,
)
from upsell.workspace.scalars import NAME
from upsell.workspace.segments import compile_segments, segment_names
from upsell.workspace.settings import Settings, compile_settings
from upsell.workspace.standard import standard_signals
from upsell.workspace.template_checks import Fields, Scopes
from upsell.workspace.templates import compile_templates
from upsell.workspace.versions import program_version
from upsell.workspace.workflow_file import NAMED_SHAPES
from upsell.workspace.workflows import compile_workflow


class Compiled(msgspec.Struct, frozen=True):
    """A program with what it was compiled from.

    Attributes:
        program: The program.
        vocabulary: The names its rules may use.
        files: Every YAML file as it was read, by path.
        warnings: What compiling noticed that may stay and is probably not meant; ``linting`` tells the rest.
    """

    program: Program
    vocabulary: Vocabulary
    files: Mapping[str, Record]
    warnings: tuple[Problem, ...] = ()


def compile_workspace(path: Path) -> Compiled:
    """Read and compile the workspace in the directory ``path``.

    Raises:
        DefinitionError: Something is wrong with it; carries every problem found.
    """
    return compile_documents(read_workspace(path))


def compile_documents(documents: Documents, edition: Edition = NEWEST) -> Compiled:
    """Compile documents to a program.

    Args:
        documents: The workspace.
        edition: What is meant by what it does not say; of a revision, its own.

    Raises:
        DefinitionError: Something is wrong with them; carries every problem found, warnings too.
    """
    findings = Findings()
    for path, text in documents.items():
        check_text(path, text, findings)
    if findings.has_errors:
        raise DefinitionError(findings.in_order())
    files = _read_files(documents, findings)
    connected = _read_connected(documents, findings)
    settings = compile_settings(files.get(SETTINGS), findings)
    catalog = compile_catalog(files.get(CATALOG), settings, findings)
    known_catalog = catalog if CATALOG in files else None
    written_signals = files.get(SIGNALS, None if SIGNALS in documents else NOTHING_WRITTEN)
    written_segments = files.get(SEGMENTS, None if SEGMENTS in documents else NOTHING_WRITTEN)
    standard = standard_signals(settings.lifecycle)
    rulebook = open_rulebook(
        written_signals, written_segments, known_catalog, settings.traits, standard, findings
    )
    signals = compile_signals(written_signals or NOTHING_WRITTEN, standard, rulebook)
    segments = compile_segments(written_segments or NOTHING_WRITTEN, rulebook, findings)
    law = compile_law(files.get(CONTACT_HOURS), findings)
    policy = compile_policy(settings.policy, rulebook, settings.currency, law, findings)
    protection = protect(policy.rails, segments)
    catalog = compile_discounts(files.get(CATALOG), catalog, rulebook, protection, findings)
    check_offers(files.get(CATALOG), catalog, policy.rails, findings)
    queues = _queues(documents, files, findings)
    scopes = _template_scopes(settings, known_catalog)
    written = (documents, settings.locale, scopes, {"plans": PLAN_NAMES}, findings)
    definitions = Definitions(
        catalog=catalog,
        rails=policy.rails,
        protection=protection,
        offers=_written_offers(files, documents),
        roles=settings.roles,
        templates=compile_templates(*written),
        prompts=compile_prompt_texts(*written),
        rulebook=rulebook,
        segments=segment_names(written_segments or NOTHING_WRITTEN),
        zone=settings.zone,
        edition=edition,
        findings=findings,
        senders=frozenset(settings.senders),
        queues=queues,
    )
    workflows = _workflows(files, definitions)
    layers = compile_layers(settings.layers, _workflow_keys(documents), findings)
    stage = rulebook.built_in("lifecycle_stage", Kind.TEXT, is_needed=False)
    warnings = findings.settle()
    program = Program(
        version=program_version({**files, **connected}, _templates(documents), edition),
        currency=settings.currency,
        costs=settings.costs,
        zone=settings.zone,
        sender=settings.sender,
        senders=settings.senders,
        catalog=catalog,
        signals=signals,
        policy=policy,
        workflows=workflows,
        stage=stage,
        segments=segments,
        layers=layers,
        reports=settings.reports,
        links=settings.links,
        locale=settings.locale,
        accepting=settings.accepting,
        own_mails={
            name: content for name, content in definitions.templates.contents.items() if name in OWN_MAILS
        },
        queues=queues or {},
        launch_approval=settings.launch_approval,
    )
    return Compiled(program, rulebook.vocabulary, files, warnings)


def check_text(path: str, text: str, findings: Findings) -> None:
    """Note a document that no file could hold: over-long, or with characters that cannot be written."""
    if len(text) > LARGEST:
        findings.error(
            Place(path), f"expected at most {LARGEST:,} characters, got {len(text):,}", code="too-large"
        )
    for number, line in enumerate(text.split("\n"), start=1):
        if not is_writable(line):
            findings.error(
                Place(path, number),
                "expected text without control characters, got some on this line",
                hint="save the file as UTF-8 and remove what cannot be seen",
                code="encoding",
            )
            return


def _read_files(documents: Documents, findings: Findings) -> dict[str, Record]:
    """Read every YAML document to items, and note files that are missing or that nobody reads."""
    files: dict[str, Record] = {}
    for path, text in documents.items():
        kind = _kind_of(path, documents, findings)
        if kind is not None:
            record = _read_file(path, text, kind, findings)
            if record is not None:
                files[path] = record
    if SETTINGS not in documents:
        findings.error(
            Place(SETTINGS),
            f"expected the file {SETTINGS}, got none",
            hint="it names currency, zone and sender; upsell schema --workspace upsell prints its keys",
            code="missing-file",
        )
    if not any(path.startswith(f"{WORKFLOWS}/") for path in documents):
        findings.warning(
            Place(WORKFLOWS),
            f"expected a workflow in {WORKFLOWS}/, got none",
            hint="without one nothing is ever decided",
            code="no-workflow",
        )
    return files


def _read_connected(documents: Documents, findings: Findings) -> dict[str, Item]:
    """Read the files of sources and sinks, which are part of a program's name; their rooms know the rest."""
    read: dict[str, Item] = {}
    for path, text in documents.items():
        is_connected = path.startswith((f"{SOURCES}/", f"{SINKS}/"))
        node = compose(path, text, findings) if is_connected else None
        if node is not None:
            read[path] = read_loosely(path, node)
    return read


def _kind_of(path: str, documents: Documents, findings: Findings) -> FileKind | None:
    """Give what kind of YAML file a path is; None for templates and files that nobody reads."""
    known = {
        SETTINGS: FileKind.SETTINGS,
        CATALOG: FileKind.CATALOG,
        SIGNALS: FileKind.SIGNALS,
        CONTACT_HOURS: FileKind.CONTACT_HOURS,
        SEGMENTS: FileKind.SEGMENTS,
        QUEUES: FileKind.QUEUES,
    }
    parts = PurePosixPath(path)
    if path in known:
        return known[path]
    if len(parts.parts) == 2 and parts.parts[0] == WORKFLOWS:
        if parts.suffix != ".yaml":
            findings.error(
                Place(path), f"expected workflows that end in .yaml, got {parts.name}", code="file-name"
            )
            return None
        if NAME.parse(parts.stem) is None:
            findings.error(
                Place(path),
                f"expected {NAME.expected}, got {parts.stem}",
                hint="a workflow's key is its file's name",
                code="file-name",
            )
            return None
        return FileKind.WORKFLOW
    if len(parts.parts) == 1:
        meant = meant_file(parts.name)
        if meant is not None and meant not in documents:
            findings.error(
                Place(path),
                f"expected one of {', '.join(known)}, got {path}",
                hint=f"did you mean {meant}?",
                code="file-name",
            )
    return None


def _read_file(path: str, text: str, kind: FileKind, findings: Findings) -> Record | None:
    """Read one YAML document; an empty one is an empty record, one that cannot be read None."""
    before = len(findings)
    node = compose(path, text, findings)
    if node is None:
        if len(findings) > before:
            return None
        if kind in (FileKind.SETTINGS, FileKind.WORKFLOW):
            findings.error(
                Place(path),
                "expected keys and values, got an empty file",
                hint=f"upsell schema --workspace {kind.value} prints its keys",
                code="missing-key",
            )
        return Record(Place(path))
    read = Reader(path, NAMED_SHAPES, findings).read(node, FILES[kind].shape)
    return read if isinstance(read, Record) else None


def _workflows(files: dict[str, Record], definitions: Definitions) -> dict[str, Workflow]:
    """Compile every workflow, by key."""
    return {
        (key := PurePosixPath(path).stem): compile_workflow(key, record, definitions)
        for path, record in sorted(files.items())
        if path.startswith(f"{WORKFLOWS}/")
    }


def _queues(documents: Documents, files: dict[str, Record], findings: Findings) -> Mapping[str, Queue] | None:
    """Compile the queues of tasks; None where none are written, or their file could not be read."""
    return compile_queues(files[QUEUES], findings) if QUEUES in documents and QUEUES in files else None


def _workflow_keys(documents: Documents) -> frozenset[str]:
    """Give the keys of all workflows that are written, also with problems."""
    paths = (PurePosixPath(path) for path in documents)
    return frozenset(path.stem for path in paths if path.parent.name == WORKFLOWS)


def _written_offers(files: dict[str, Record], documents: Documents) -> frozenset[str] | None:
    """Give the ids of all offers written; None when there is a catalog that could not be read."""
    if CATALOG in documents and CATALOG not in files:
        return None
    offers = files.get(CATALOG, NOTHING_WRITTEN).record("offers") or NOTHING_WRITTEN
    return frozenset(offers.keys)


def _template_scopes(settings: Settings, catalog: Catalog | None) -> Scopes:
    """Give what templates may name; ``catalog`` None leaves metrics open."""
    metrics = None if catalog is None else catalog.metrics
    declared = {scope: frozenset(kinds) for scope, kinds in settings.traits.items()}
    return {
        "customer": declared.get("customer"),
        "account": declared.get("account"),
        **{scope: frozenset(fields) for scope, fields in FIELDS.items()},
        "cart": frozenset(FIELDS["cart"]) | CART_NAMES,
        "usage": metrics,
        "limits": metrics,
        "over": metrics,
        "days_to_limit": metrics,
        "fit": FIT_NAMES,
        "plans": None,
        "proof": _proof_scope(catalog),
        "offer": OFFER_NAMES,
        "order": ORDER_NAMES,
        "sender": frozenset({"name", "address", "postal_address"}),
        "workflow": frozenset({"name"}),
        "trigger": frozenset(TRIGGER_FIELDS),
        "links": LINK_NAMES,
        "locale": frozenset(),
    }


def _proof_scope(catalog: Catalog | None) -> Fields:
    """Give what templates may name of what can be proved, by metric where the metric is described so."""

    def each(names: frozenset[str], is_meant: Callable[[Metric], object]) -> Fields:
        if catalog is None:
            return None
        return dict.fromkeys((key for key, metric in catalog.described.items() if is_meant(metric)), names)

    value: Fields = {**dict.fromkeys(VALUE_NAMES), "metrics": each(METRIC_VALUE_NAMES, lambda _: True)}
    return {
        "value": dict.fromkeys((stretch.value for stretch in Stretch), value),
        "milestones": each(MILESTONE_NAMES, lambda metric: metric.milestones),
        "peers": each(PEER_NAMES, lambda metric: metric.is_benchmarked),
        "overage": OVERAGE_NAMES,
    }


def _templates(documents: Documents) -> dict[str, str]:
    """Give the templates as written, by path."""
    return {path: text for path, text in documents.items() if path.startswith(f"{TEMPLATES}/")}
