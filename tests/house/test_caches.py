"""Every cache has a bound in octets: a limit of entries, and entries whose size is limited too."""

import ast
import re
from collections import Counter
from typing import Final

from tests.house.tree import product

# How many caches a module has, and why none of them can grow large however many strangers fill it.
CACHES: Final = {
    "src/posthouse/app/roles/http.py": (1, "TtlCache: host names of tracked links, at most 255 octets each"),
    "src/posthouse/app/runtime/certificates.py": (1, "BoundedCache: certificates of one vendor, each of a limited size"),
    "src/posthouse/doors/http/validation.py": (1, "names cut to 64 characters"),
    "src/posthouse/mail/address.py": (1, "domains of at most 254 characters"),
    "src/posthouse/mail/charset.py": (1, "labels of at most 64 characters"),
    "src/posthouse/mail/dkim.py": (2, "counts of header fields; names of domains and selectors that were verified"),
    "src/posthouse/model/template.py": (1, "language tags, which are checked where they come in"),
    "src/posthouse/net/dns.py": (1, "BoundedCache: answers of a nameserver, 64 KB at most"),
    "src/posthouse/net/http/client.py": (1, "TLS contexts, by file of authorities"),
    "src/posthouse/net/smtp/tls.py": (2, "TLS contexts, by file of authorities"),
    "src/posthouse/ops/readiness.py": (1, "TtlCache with one key"),
    "src/posthouse/pipeline/accept/active_templates.py": (1, "TtlCache of numbers; the versions beside it are bounded by characters"),
    "src/posthouse/pipeline/accept/branding.py": (1, "colours of brands, checked when they are saved"),
    "src/posthouse/pipeline/accept/tenant_facts.py": (4, "TtlCache: rows that the tenant's settings limit"),
    "src/posthouse/policy/content/near_duplicates.py": (1, "our own phrases, once"),
    "src/posthouse/policy/content/rules/__init__.py": (1, "our own phrases, one entry a language"),
    "src/posthouse/policy/recipients/bounce_brake.py": (2, "host names from DNS; the public suffix list, once"),
    "src/posthouse/store/tenants/credentials.py": (1, "TtlCache: digests of keys that exist"),
    "src/posthouse/store/tenants/domains.py": (1, "TtlCache: domains of at most 254 octets"),
    "src/posthouse/store/ttl_cache.py": (1, "BoundedCache: the bound of every TtlCache"),
    "src/posthouse/templates/language/engine.py": (1, "BoundedCache weighed by the characters of the source"),
    "src/posthouse/templates/language/locale_filters.py": (9, "values of a page whose output is metered, in processes that are replaced when they grow"),
    "src/posthouse/templates/language/variable_types.py": (1, "one entry"),
    "src/posthouse/templates/lint/html_support.py": (3, "one table each"),
    "src/posthouse/templates/lint/roles.py": (1, "only in processes that are replaced when they grow"),
    "src/posthouse/templates/ready_made.py": (1, "our own templates"),
}  # fmt: skip
_CACHE: Final = re.compile(r"^(functools\.)?(lru_cache|cache)$|^(BoundedCache|TtlCache)$")
_NOT_CACHES: Final = {"src/posthouse/model/bounded_cache.py"}


def test_every_cache_is_listed_with_what_bounds_its_entries() -> None:
    found = Counter(module.place for module in product() if module.place not in _NOT_CACHES for _ in _caches(module.tree))
    assert dict(found) == {path: count for path, (count, _) in CACHES.items()}


def test_no_cache_of_functions_is_without_a_limit_of_entries_but_for_functions_without_arguments() -> None:
    unbounded = [
        f"{module.place}:{node.lineno}"
        for module in product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        and any(_name(decorator) in {"cache", "functools.cache"} for decorator in node.decorator_list)
        and (node.args.args or node.args.posonlyargs or node.args.kwonlyargs)
    ]
    assert not unbounded


def _caches(tree: ast.AST) -> list[ast.AST]:
    decorators = [each for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for each in node.decorator_list]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node not in decorators]
    return [each for each in (*decorators, *calls) if _CACHE.match(_name(each))]


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
