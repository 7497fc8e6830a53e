"""The knowledge base as linking sees it: names and types, nothing of what is good or bad."""

from __future__ import annotations

from conn_lint.knowledge.lookup import Knowledge


class KnowledgeCatalogue:
    """Answers `link.types.Catalogue` from the knowledge base."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def knows_module(self, dotted: str) -> bool:
        """The module belongs to a library of the knowledge base."""
        return self._knowledge.is_known_module(dotted)

    def canonical(self, name: str) -> str:
        """The one name of a type that has several."""
        return self._knowledge.canonical(name)

    def is_type(self, name: str) -> bool:
        """The name is that of a type whose methods are known."""
        return self._knowledge.is_type(self._knowledge.canonical(name))

    def derived(self, name: str) -> frozenset[str]:
        """All names of the type, and of the known types derived from it."""
        return self._knowledge.derived(name)

    def returned(self, name: str) -> str | None:
        """The type of what a call of `name` gives."""
        resource = self._knowledge.acquisition(name)
        if resource is not None and resource.value:
            return self._knowledge.canonical(resource.value)
        operation = self._knowledge.operation(name)
        if operation is None or operation.attribute:
            return None
        return operation.returns or None

    def attribute(self, type_name: str, attr: str) -> str | None:
        """The type of an attribute that is no method."""
        operation = self._knowledge.operation(f"{type_name}.{attr}")
        if operation is None or not operation.attribute:
            return None
        return operation.returns or None

    def has_member(self, type_name: str, attr: str) -> bool:
        """It is known what the library's own type does by this name."""
        name = f"{type_name}.{attr}"
        return (
            self._knowledge.operation(name) is not None
            or self._knowledge.acquisition(name) is not None
            or self._knowledge.wait_method(type_name, attr) is not None
        )

    def handed_on(self, name: str, count: int) -> str | None:
        """The argument (position or keyword) that a call of `name` with so many by position gives back, if it does.

        A partial function is the function itself, as long as no argument of that is known by its place; one of a
        library's that has some is asked for with a count of 1.
        """
        for wrap in self._knowledge.wrap(name):
            if wrap.effect in ("same", "closes-on-exit") or (wrap.effect == "binds" and count == 1):
                return wrap.argument
        return None

    def gives_receiver(self, name: str) -> bool:
        """The method gives the object it is called on."""
        operation = self._knowledge.operation(name)
        return operation is not None and operation.same

    def handled(self, decorator: str, function: str, place: int) -> str | None:
        """The type of a handler's parameter, by its decorator."""
        for handler in self._knowledge.handlers(decorator):
            if handler.functions and function not in handler.functions:
                continue
            return handler.types[place] if 0 <= place < len(handler.types) else None
        return None

    def injected(self, name: str) -> tuple[str, str] | None:
        """The position and keyword of what a mark of dependency injection is passed."""
        mark = self._knowledge.inject(name)
        return (mark.argument, mark.keyword) if mark is not None else None
