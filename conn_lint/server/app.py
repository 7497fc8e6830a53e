"""The server itself: which files are open, when they are looked at, and what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import PositionCodec, TextDocument

from conn_lint import __version__
from conn_lint.model.fix import Applicability
from conn_lint.model.mask import mask
from conn_lint.report.escape import one_line
from conn_lint.server import advice
from conn_lint.server.places import Text, changes, to_bytes
from conn_lint.server.runs import run
from conn_lint.server.worker import Answer, Order, Shown
from conn_lint.syntax.source import SourceError, decode

_WAIT = 0.4  # seconds without a key, before a run begins
_PATTERNS = ("**/*.py", "**/pyproject.toml", "**/conn-lint.toml")


class Looked(msgspec.Struct, frozen=True):
    """What was found in an open file, and in which of its versions."""

    version: int | None
    shown: tuple[Shown, ...]


class OpenFiles:
    """Files as they are in the editor, else on the disk; each is looked at once."""

    def __init__(
        self, uris: Mapping[str, str], sources: Mapping[str, str], codec: PositionCodec
    ) -> None:
        self._uris = uris
        self._sources = sources
        self._codec = codec
        self._texts: dict[str, Text] = {}

    def uri(self, path: str) -> str:
        """The address of a file, as the editor has it if it is open there."""
        return self._uris.get(path) or _uri(path)

    def text(self, path: str) -> Text:
        """The text of a file, an empty one where it cannot be read."""
        if path not in self._texts:
            source = self._sources.get(path)
            self._texts[path] = Text(_read(path) if source is None else source, self._codec)
        return self._texts[path]


def _uri(path: str) -> str:
    try:
        return from_fs_path(path) or ""
    except UnicodeEncodeError:  # the name is no text
        return Path(path).as_uri()


def _read(path: str) -> str:
    try:
        return decode(Path(path).read_bytes()).raw
    except (OSError, SourceError, ValueError):
        return ""


class Server(LanguageServer):
    """Knows the open files and what was found in them."""

    def __init__(self) -> None:
        super().__init__("conn-lint", f"v{__version__}", types.TextDocumentSyncKind.Full)
        self.options: dict[str, Any] = {}
        self.looked: dict[str, Looked] = {}
        self._run: asyncio.Task[None] | None = None
        self._said: set[str] = set()

    # Files

    def documents(self) -> dict[str, TextDocument]:
        """What is open, by the addresses that the editor has given (the library's keys are unquoted)."""
        return {document.uri: document for document in self.workspace.text_documents.values()}

    def opened(self) -> dict[str, str]:
        """The addresses of the open Python files, with their paths."""
        found = {}
        for uri in self.documents():
            path = path_of(uri)
            if path is not None and path.suffix in (".py", ".pyi"):
                found[uri] = path.as_posix()
        return found

    def contents(self) -> dict[str, bytes]:
        """The open files by path, as they would be saved."""
        documents = self.documents()
        return {path: to_bytes(documents[uri].source) for uri, path in self.opened().items()}

    def files(self) -> OpenFiles:
        """All files as they are now."""
        documents = self.documents()
        uris = {path: uri for uri, path in self.opened().items()}
        sources = {path: documents[uri].source for path, uri in uris.items()}
        return OpenFiles(uris, sources, self.workspace.position_codec)

    def current(self, uri: str) -> Sequence[Shown]:
        """What was found in the file as it is now; nothing if it has changed since."""
        looked, document = self.looked.get(uri), self.documents().get(uri)
        if looked is None or document is None or looked.version != document.version:
            return ()
        return looked.shown

    # Runs

    def schedule(self, wait: float = _WAIT) -> None:
        """Look at the open files soon; what is under way is outdated."""
        if self._run is not None:
            self._run.cancel()
        self._run = asyncio.ensure_future(self._look(wait))

    async def _look(self, wait: float) -> None:
        await asyncio.sleep(wait)
        documents = self.documents()
        uris = self.opened()
        versions = {uri: documents[uri].version for uri in uris}
        if not uris:
            return
        try:
            answer = await run(self.order(self.contents()))
            self.say(answer.problems)
            if not answer.problems or answer.shown:
                self._publish(answer, uris, versions)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next key gets another run
            self.say((f"a run failed: {type(error).__name__}: {error}",))

    def order(self, opened: Mapping[str, bytes], **more: Any) -> Order:
        """An order with the settings of the editor."""
        options = {key: value for key, value in self.options.items() if key != "config"}
        return Order(opened=opened, options=options, config=self.options.get("config"), **more)

    def _publish(
        self, answer: Answer, uris: Mapping[str, str], versions: Mapping[str, int | None]
    ) -> None:
        files = self.files()
        for uri, path in uris.items():
            shown = tuple(s for s in answer.shown if _same(s.finding.location.path, path))
            self.looked[uri] = Looked(versions[uri], shown)
            found = [advice.diagnostic(s.finding, files) for s in shown]
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, found, versions[uri])
            )

    def forget(self, uri: str) -> None:
        """The file was closed."""
        self.looked.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def say(self, problems: Sequence[str]) -> None:
        """Show what went wrong, each thing once until it is over."""
        for problem in problems:
            text = f"conn-lint: {one_line(mask(problem))}"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))
            if problem not in self._said:
                self.window_show_message(types.ShowMessageParams(types.MessageType.Error, text))
        self._said = set(problems)

    async def fix_all(self, uri: str, level: Applicability) -> types.WorkspaceEdit | None:
        """All fixes of a file that may be trusted so far, as one change; None where there is nothing to do."""
        contents = self.contents()
        path = self.opened().get(uri)
        if path is None:
            return None
        beside = {other: data for other, data in contents.items() if other != path}
        version = self.documents()[uri].version
        order = self.order({path: contents[path]}, beside=beside, level=level)
        answer = await run(order)
        self.say(answer.problems)
        found = next((d for p, d in answer.fixed.items() if _same(p, path)), None)
        document = self.documents().get(uri)
        if found is None or document is None or document.version != version:
            return None
        edits = list(changes(self.files().text(path), decode(found).raw))
        return types.WorkspaceEdit(changes={uri: edits})

    def configure(self, settings: object) -> None:
        """Take over settings: keys of `[tool.conn-lint]`, and `config`, a configuration file."""
        if isinstance(settings, Mapping):
            self.options = dict(settings)

    async def ask_for_settings(self) -> None:
        """Take over what the editor has under our name, if it can be asked."""
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return
        item = types.ConfigurationItem(section=advice.SOURCE)
        found = await self.workspace_configuration_async(types.ConfigurationParams([item]))
        if found and found[0]:
            self.configure(found[0])
            self.schedule(0)


def path_of(uri: str) -> Path | None:
    """The file of an address; None for what lies in no file."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path).resolve() if path else None


def _same(one: str, other: str) -> bool:
    return one == other or Path(one) == Path(other)


def make_server() -> Server:
    """A server that answers, and is not started yet."""
    server = Server()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        given = params.initialization_options
        server.configure(given.get(advice.SOURCE, given) if isinstance(given, Mapping) else None)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await server.ask_for_settings()
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is None or not watching.dynamic_registration:
            return
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _PATTERNS]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("conn-lint.watch", method, options)
        await server.client_register_capability_async(types.RegistrationParams([registration]))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(_: types.DidOpenTextDocumentParams) -> None:
        server.schedule(0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(_: types.DidChangeTextDocumentParams) -> None:
        server.schedule()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_: types.DidSaveTextDocumentParams) -> None:
        server.schedule(0)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)
        server.schedule()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(_: types.DidChangeWatchedFilesParams) -> None:
        server.schedule()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        if isinstance(params.settings, Mapping) and advice.SOURCE in params.settings:
            server.configure(params.settings[advice.SOURCE])
        else:
            await server.ask_for_settings()
        server.schedule(0)

    _answer_requests(server)
    return server


def _answer_requests(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        path = server.opened().get(uri)
        if path is None:
            return None
        found = server.current(uri)
        return advice.hover(params.position, path, found, server.files())

    kinds = [types.CodeActionKind.QuickFix, advice.FIX_ALL_KIND]

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds)
    )
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, only = params.text_document.uri, params.context.only
        found: list[types.CodeAction] = []
        if _wants(types.CodeActionKind.QuickFix, only):
            shows = _shows_disabled(server)
            shown, files = server.current(uri), server.files()
            found += advice.actions(params.range, uri, shown, files, shows_disabled=shows)
        if only and _wants(advice.FIX_ALL_KIND, only):
            edit = await server.fix_all(uri, Applicability.SAFE)
            if edit is not None:
                title = "conn-lint: Apply all safe fixes in this file"
                found.append(types.CodeAction(title=title, kind=advice.FIX_ALL_KIND, edit=edit))
        return found

    @server.command(advice.FIX_ALL)
    async def fix_all(uri: str, level: str) -> None:
        unsafe = level == Applicability.UNSAFE.word
        edit = await server.fix_all(uri, Applicability.UNSAFE if unsafe else Applicability.SAFE)
        if edit is not None:
            label = "conn-lint: fixes"
            server.workspace_apply_edit(types.ApplyWorkspaceEditParams(edit=edit, label=label))


def _wants(kind: str, only: Sequence[str] | None) -> bool:
    """The kind, or one that it is a kind of, was asked for; without a wish all are."""
    return not only or any(kind == word or kind.startswith(f"{word}.") for word in only)


def _shows_disabled(server: Server) -> bool:
    document = server.client_capabilities.text_document
    actions = document.code_action if document is not None else None
    return bool(actions is not None and actions.disabled_support)


def serve() -> None:
    """Answer on standard input and output until the editor ends it."""
    make_server().start_io()
