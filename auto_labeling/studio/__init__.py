"""A real Label Studio on this machine, for newcomers and for tests; people sign up in it."""

from auto_labeling.studio.people import Person, invitation, sign_up
from auto_labeling.studio.running import Studio
from auto_labeling.studio.server import start

__all__ = ["Person", "Studio", "invitation", "sign_up", "start"]
