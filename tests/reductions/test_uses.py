"""What an act uses up has a number that every process works out for itself."""

from app.reductions.decisions import Scope
from app.reductions.uses import number_of_scope
from methodologies.claims import PLATFORM_SUBJECTS
from methodologies.registry import shipped


def test_no_two_facets_of_ones_own_have_one_number():
    """Each shipped facet that may be a citizen's own differs from all others and from scopes."""
    facets = {
        (claim.scope, claim.facet)
        for methodology in shipped()
        for claim in methodology.manifest.claims
        if claim.facet and {claim.subject, claim.if_absent} & set(PLATFORM_SUBJECTS)
    }
    numbers = {number_of_scope(scope, facet) for scope, facet in facets}
    assert len(facets) >= 3
    assert len(numbers) == len(facets)
    assert min(numbers) > max(Scope)
    assert max(numbers) < 2**15
