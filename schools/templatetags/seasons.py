"""{% season_url YEAR NAME %}: the address of a page in another season than the one of this page."""

from django import template

from schools import season_addresses

register = template.Library()
register.simple_tag(season_addresses.reverse_in, name="season_url")
