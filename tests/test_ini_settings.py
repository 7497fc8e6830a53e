"""Settings that frameworks read from INI files: which section is given to whom, and what the program changes in it."""

from __future__ import annotations

import pytest
from programs import analysis

from conn_lint.analyze.project import Project
from conn_lint.model.pool import PoolSettings
from conn_lint.syntax.documents import read_document

APP = """
    from pyramid.config import Configurator
    from sqlalchemy import engine_from_config

    def main(global_config, **settings):
        engine = engine_from_config(settings, "sqlalchemy.")
        return Configurator(settings=settings).make_wsgi_app()
"""
INI = (
    "[app:main]\nuse = egg:shop\nsqlalchemy.url = postgresql://db/shop\nsqlalchemy.pool_size = 40\n"
)


def pools(files: dict[str, str], **documents: str) -> tuple[PoolSettings, ...]:
    """The pools of a program beside documents, by their names: `__` stands for a dot, `___` for a slash."""
    paths = {name.replace("___", "/").replace("__", "."): text for name, text in documents.items()}
    read = [
        read_document(text.encode(), "env" if path.startswith(".env") else "ini", path)
        for path, text in paths.items()
    ]
    made = analysis(files, documents=tuple(read))
    return Project(made, made.run()).pools()


def size(files: dict[str, str], **documents: str) -> tuple[object, str]:
    """The size of the program's one pool and where it is written; "unknown" and "default" are sources."""
    (pool,) = pools(files, **documents)
    setting = pool.get("size")
    assert setting is not None
    where = setting.location
    return setting.value, f"{where.path}:{where.span.line}" if where is not None else setting.source


def shop(text: str = APP) -> dict[str, str]:
    return {"shop/__init__.py": text}


def test_the_function_that_makes_the_application_is_given_its_section() -> None:
    assert size(shop(), production__ini=INI) == (40, "production.ini:4")


def test_the_server_is_told_by_the_file() -> None:
    (pool,) = pools(shop(), production__ini=INI)
    assert (pool.server.scheme, pool.server.host, pool.server.source) == (
        "postgresql",
        "db",
        "document",
    )
    assert pool.largest == 50


def test_what_the_section_does_not_say_is_the_default() -> None:
    without = INI.replace("sqlalchemy.pool_size = 40\n", "")
    assert size(shop(), production__ini=without) == (5, "default")


def test_without_a_file_nothing_is_known() -> None:
    assert size(shop()) == (None, "unknown")


@pytest.mark.parametrize(
    "use",
    [
        "use = egg:shop",
        "use = egg:Shop#main",
        "use = call:shop:main",
        "paste.app_factory = shop:main",
    ],
)
def test_ways_to_name_the_function(use: str) -> None:
    assert size(shop(), production__ini=INI.replace("use = egg:shop", use))[0] == 40


@pytest.mark.parametrize("use", ["egg:other", "call:shop:other", "call:other:main", "egg:shop#api"])
def test_a_section_for_another_function_is_not_its(use: str) -> None:
    assert size(shop(), production__ini=INI.replace("egg:shop", use)) == (None, "unknown")


def test_entry_points_tell_the_function() -> None:
    setup = 'from setuptools import setup\nsetup(entry_points="""\n[paste.app_factory]\nmain = shop.web:make\n""")\n'
    made = APP.replace("def main", "def make")
    files = {"shop/__init__.py": "", "shop/web.py": made, "setup.py": setup}
    assert size(files, production__ini=INI)[0] == 40
    files["setup.py"] = setup.replace("shop.web", "shop.other")
    assert size(files, production__ini=INI) == (None, "unknown")


def test_sections_go_on_from_others() -> None:
    more = "[app:main]\nuse = config:common.ini\nsqlalchemy.pool_size = 30\n"
    assert size(shop(), common__ini=INI, production__ini=more) == (30, "production.ini:3")
    other = f"{INI}[app:small]\nuse = main\nsqlalchemy.pool_size = 3\n"
    assert size(shop(), production__ini=other) == (None, "unknown")  # two applications do not agree


def test_sections_in_a_circle_come_to_an_end() -> None:
    a = "[app:main]\nuse = config:b.ini\n"
    assert size(shop(), a__ini=a, b__ini=a.replace("b.ini", "a.ini")) == (None, "unknown")


def test_what_is_for_real_use_counts() -> None:
    small = INI.replace("40", "4")
    assert size(shop(), development__ini=INI, production__ini=small)[0] == 4
    assert size(shop(), production__ini=small, testing__ini=INI, tests___app__ini=INI)[0] == 4
    assert size(shop(), testing__ini=INI) == (None, "unknown")
    assert size(shop(), development__ini=INI)[0] == 40


def test_files_that_disagree_tell_nothing() -> None:
    small = INI.replace("40", "4")
    assert size(shop(), a__ini=INI, b__ini=small) == (None, "unknown")
    assert size(shop(), a__ini=INI, b__ini=INI)[0] == 40


def test_names_in_values() -> None:
    text = "[DEFAULT]\nsize = 33\n" + INI.replace("40", "%(size)s").replace("//db", "//%(host)s")
    (pool,) = pools(shop(), production__ini=text)
    assert (pool.largest, pool.server.host, pool.server.database) == (43, None, "shop")


def test_variables_of_the_environment_in_values() -> None:
    text = INI.replace("postgresql://db/shop", "${DATABASE_URL}")
    (pool,) = pools(shop(), production__ini=text)
    assert (pool.server.source, pool.server.variable) == ("unknown", "DATABASE_URL")


def test_files_that_are_made_to_real_ones() -> None:
    common = INI.replace("//db/", "//{host}/").replace("use = egg:shop", "use = egg:{name}")
    common = common.replace("egg:{name}", "egg:shop")
    made = "[app:main]\nuse = config:common.ini\n"
    (pool,) = pools(shop(), common__ini__in=common, production__ini__in=made)
    assert (pool.largest, pool.server.host) == (50, None)


@pytest.mark.parametrize(
    "change",
    [
        'settings["sqlalchemy.pool_size"] = 3',
        'settings.update({"sqlalchemy.pool_size": 3})',
        'settings.setdefault("sqlalchemy.pool_size", 3)',
        "settings.update(more())",
        "settings[name()] = 3",
        "settings.clear()",
        "load(settings)",
        "load_from(here, into=settings)",
        'del settings["sqlalchemy.pool_size"]',
    ],
)
def test_what_the_function_changes_is_not_known(change: str) -> None:
    changed = APP.replace("        engine =", f"        {change}\n        engine =")
    changed += """
    def load(into):
        for key, value in read():
            into[key] = value

    def load_from(path, into=None):
        load(into)
    """
    assert size(shop(changed), production__ini=INI) == (None, "unknown")


@pytest.mark.parametrize(
    "change",
    [
        'settings["mako.directories"] = "shop:templates"',
        'settings.update({"version": 1})',
        'settings.setdefault("debug", False)',
        'settings.get("debug")',
    ],
)
def test_other_changes_leave_it(change: str) -> None:
    changed = APP.replace("        engine =", f"        {change}\n        engine =")
    assert size(shop(changed), production__ini=INI)[0] == 40


CONFIGURED = """
    from pyramid.config import Configurator

    def main(global_config, **settings):
        with Configurator(settings=settings) as config:
            config.include(".models")
        return config.make_wsgi_app()
"""


@pytest.mark.parametrize(
    "models",
    [
        """
        def includeme(config):
            settings = config.get_settings()
            settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
            config.registry["engine"] = get_engine(settings)
        """,
        """
        def includeme(config):
            config.registry["engine"] = get_engine(config.registry.settings)
        """,
        """
        def view(request):
            return get_engine(request.registry.settings)
        """,
        """
        from pyramid.paster import get_appsettings
        engine = get_engine(get_appsettings("production.ini"))
        """,
    ],
)
def test_the_settings_are_asked_for(models: str) -> None:
    head = """
        from sqlalchemy import engine_from_config

        def get_engine(settings, prefix="sqlalchemy."):
            return engine_from_config(settings, prefix)
    """
    files = {"shop/__init__.py": CONFIGURED, "shop/models.py": f"{head}{models}"}
    assert size(files, production__ini=INI) == (40, "production.ini:4")


def test_what_the_program_sets_elsewhere_is_not_known() -> None:
    models = """
        from sqlalchemy import engine_from_config

        def includeme(config):
            return engine_from_config(config.registry.settings)
    """
    setting = 'def more(config):\n    config.add_settings({"sqlalchemy.pool_size": 3})\n'
    files = {"shop/__init__.py": CONFIGURED, "shop/models.py": models, "shop/more.py": setting}
    assert size(files, production__ini=INI) == (None, "unknown")
    files["shop/more.py"] = setting.replace("sqlalchemy.pool_size", "other")
    assert size(files, production__ini=INI)[0] == 40


def test_values_are_asked_of_the_dict() -> None:
    asked = """
        from sqlalchemy import create_engine

        def main(global_config, **settings):
            size = int(settings.get("db.size", 5))
            return create_engine(settings["sqlalchemy.url"], pool_size=size)
    """
    assert size(shop(asked), production__ini=INI)[0] == 5
    assert size(shop(asked), production__ini=f"{INI}db.size = 60\n") == (60, "production.ini:5")


def test_a_method_is_not_made_for_it() -> None:
    inside = APP.replace("    def main(", "    class App:\n      def main(").replace(
        "\n        ", "\n          "
    )
    assert size(shop(inside), production__ini=INI) == (None, "unknown")
