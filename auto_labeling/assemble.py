"""The composition root: a campaign file and a workspace in, wired objects out. It only wires."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, literal_column, select, true

from auto_labeling import config as config_room
from auto_labeling import tracking
from auto_labeling.campaign import amending, checking, creation, imported, lease, statement_reading
from auto_labeling.campaign.context import Campaign, unwatched
from auto_labeling.campaign.embedded import Embedded
from auto_labeling.campaign.labeled import places
from auto_labeling.campaign.ledger import Fence, Ledger
from auto_labeling.campaign.pseudonyms import Pseudonyms
from auto_labeling.campaign.schema import campaigns
from auto_labeling.campaign.statement import Statement
from auto_labeling.campaign.waking import FileWaker
from auto_labeling.clocks import SimulatedClock, SystemClock
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import disk_errors, locked
from auto_labeling.pool.pool import Pool
from auto_labeling.ports import Clock, Place, Secrets, Tracker
from auto_labeling.records import CampaignId
from auto_labeling.secrets import LocalSecrets
from auto_labeling.workspace import Workspace

# Not by `created_at`: that is people's time, and all simulated people begin on the same Monday.
_BEGUN: ColumnElement[int] = literal_column("campaigns.rowid")


def open_ledger(workspace: Workspace) -> Ledger:
    """Open the workspace's ledger, making the workspace if there is none."""
    with disk_errors(workspace.root):
        workspace.root.mkdir(parents=True, exist_ok=True)
    return Ledger.open(workspace.ledger)


def create(
    workspace: Workspace,
    raw: Mapping[str, Any],
    *,
    config_path: Path | None,
    base: Path,
    campaign_id: CampaignId | None = None,
) -> CampaignId:
    """Begin a campaign and return its id; nothing is asked of anybody yet."""
    config = config_room.parse(raw)
    campaign = campaign_id or creation.new_id(config.name)
    folder = workspace.campaign(campaign)
    clock = _clock(config, folder)
    place = _place(config, folder, base, clock, LocalSecrets())
    traits = config.backend.open(place).traits
    checking.check_tool(config, traits)
    ledger = open_ledger(workspace)
    try:
        creation.create(
            ledger,
            campaign=campaign,
            raw=raw,
            config_path=config_path,
            base=base,
            workspace=workspace,
            clock=clock,
            pseudonym=_pseudonyms(workspace, campaign),
            traits=traits,
        )
    finally:
        ledger.close()
    return campaign


def find(workspace: Workspace, config: str) -> CampaignId | None:
    """Return the newest campaign that `config` names: by its file, its id, or its name."""
    if not workspace.ledger.exists():
        return None
    path = str(Path(config).expanduser().resolve())
    with _ledger(workspace) as ledger, ledger.read() as connection:
        return connection.scalar(
            select(campaigns.c.campaign)
            .where(
                (campaigns.c.config_path == path)
                | (campaigns.c.campaign == config)
                | (campaigns.c.name == config)
            )
            .order_by(_BEGUN.desc())
            .limit(1)
        )


def find_or_create(workspace: Workspace, config: str) -> CampaignId:
    """Return the campaign of a file (or id, or name), beginning it if it is new.

    Raises `AmendmentRequired` where the file is no longer what the campaign was started with.
    """
    found = find(workspace, config)
    path = Path(config).expanduser().resolve()
    if not path.is_file():
        if found is None:
            raise ConfigurationError(
                f"{config}: there is no such file, and no campaign of that name in "
                f"{workspace.root}; `auto-label init` writes a file"
            )
        return found
    raw = config_room.read(path)
    if found is None:
        with locked(workspace.root / "begin.lock"):  # or two drivers begin two campaigns
            found = find(workspace, config)
            if found is None:
                return create(workspace, raw, config_path=path, base=path.parent)
    config_room.parse(raw)
    with _ledger(workspace) as ledger, ledger.read() as connection:
        pseudonyms = _pseudonyms(workspace, found)
        amending.expect_unchanged(connection, found, raw, path, pseudonyms)
    return found


def begun(workspace: Workspace, config: str) -> CampaignId:
    """Return the campaign of a file (or id, or name) that was begun; as `find_or_create` else.

    Raises `ConfigurationError` where none was.
    """
    if find(workspace, config) is None:
        raise ConfigurationError(
            f"{config}: no campaign was begun from it in {workspace.root}; the flow `campaign` and "
            "`auto-label run` begin one"
        )
    return find_or_create(workspace, config)


def known(workspace: Workspace) -> list[CampaignId]:
    """Return every campaign of a workspace, newest first."""
    with _ledger(workspace) as ledger, ledger.read() as connection:
        return list(connection.scalars(select(campaigns.c.campaign).order_by(_BEGUN.desc())))


def driver_of(workspace: Workspace, campaign: CampaignId) -> str | None:
    """Return the process that drives a campaign now, in words, or None."""
    with _ledger(workspace) as ledger, ledger.read() as connection:
        return lease.holder(connection, campaign)


def unstopped(workspace: Workspace, name: str | None = None) -> list[CampaignId]:
    """Return the campaigns, or those of a name, that still have something to do, oldest first."""
    if not workspace.ledger.exists():
        return []
    named = true() if name is None else campaigns.c.name == name
    with _ledger(workspace) as ledger, ledger.read() as connection:
        return list(
            connection.scalars(
                select(campaigns.c.campaign)
                .where(campaigns.c.stopped_at.is_(None), named)
                .order_by(_BEGUN)
            )
        )


def configuration_of(workspace: Workspace, campaign: CampaignId) -> dict[str, Any]:
    """Return the configuration that holds now; logins are pseudonyms in it."""
    with _ledger(workspace) as ledger, ledger.read() as connection:
        return amending.stored(connection, campaign)[1]


@contextmanager
def opened(
    workspace: Workspace,
    campaign: CampaignId,
    *,
    fence: Fence | None = None,
    batch: int | None = None,
    secrets: Secrets | None = None,
    tell: Callable[[str], None] = unwatched,
    watch: Callable[[str], None] = unwatched,
) -> Iterator[Campaign]:
    """Open a campaign with everything that its steps use."""
    with _ledger(workspace) as ledger:
        with ledger.read() as connection:
            _, raw = amending.stored(connection, campaign)
            base = connection.scalar(
                select(campaigns.c.base).where(campaigns.c.campaign == campaign)
            )
        config = config_room.parse(raw)
        folder = workspace.campaign(campaign)
        pool = Pool.open(folder / "inputs")
        clock = _clock(config, folder)
        pseudonyms = _pseudonyms(workspace, campaign)
        place = replace(
            _place(config, folder, Path(base or "."), clock, secrets or LocalSecrets()),
            item_ids=lambda: imported.pool_ids(config, pool),
            places=lambda: places(pool),
            labels=lambda: {
                item: label
                for item, label in zip(pool.ids, pool.labels, strict=True)
                if label is not None
            },
            kinds=pool.kinds,
            people=lambda: _logins(config, pseudonyms),
        )
        yield Campaign(
            campaign_id=campaign,
            config=config,
            ledger=ledger,
            fence=fence,
            pool=pool,
            backend=config.backend.open(place),
            clock=clock,
            folder=folder,
            workspace=workspace.root,
            base=Path(base or "."),
            pseudonyms=pseudonyms,
            embedded=Embedded.of(
                config,
                pool,
                inputs=folder / "inputs",
                cache=workspace.cache,
                base=Path(base or "."),
                tell=tell,
            ),
            batch_override=batch,
            waker=FileWaker(workspace, clock.sleep),
            tell=tell,
            watch=watch,
        )


@contextmanager
def held(workspace: Workspace, campaign: CampaignId, **times: float) -> Iterator[Fence]:
    """Hold the campaign's lease. Raises `LeaseHeld` if another driver does."""
    with _ledger(workspace) as ledger, lease.held(ledger, campaign, **times) as fence:
        yield fence


def account_of(workspace: Workspace, campaign: CampaignId) -> Statement:
    """Return the account of a campaign."""
    with _ledger(workspace) as ledger:
        return statement_reading.read(ledger, campaign)


def tracker_of(
    workspace: Workspace, config: config_room.CampaignConfig, secrets: Secrets | None = None
) -> Tracker:
    """Return the tracker that a campaign mirrors its curves to."""
    settings = config.tracking
    if settings.kind == "none":
        return tracking.NoTracker()
    uri = settings.uri
    if isinstance(uri, Mapping):
        uri = (secrets or LocalSecrets()).resolve(uri)
    return tracking.MLflowTracker(
        uri or f"sqlite:///{workspace.mlflow}", workspace.artifacts, settings.experiment
    )


@contextmanager
def _ledger(workspace: Workspace) -> Iterator[Ledger]:
    ledger = open_ledger(workspace)
    try:
        yield ledger
    finally:
        ledger.close()


def _clock(config: config_room.CampaignConfig, folder: Path) -> Clock:
    """Return people's time: that of simulated people passes as fast as it is slept through."""
    if getattr(config.backend, "simulated_time", False):
        return SimulatedClock(folder / "clock")
    return SystemClock()


def _pseudonyms(workspace: Workspace, campaign: CampaignId) -> Pseudonyms:
    path = workspace.people(campaign)
    try:
        return Pseudonyms(path)
    except (ValueError, KeyError) as error:
        raise DataError(
            f"{path}: expected who is behind the pseudonyms, got a file that is not whole; put it "
            "back from a copy, because nobody else knows"
        ) from error


def _logins(config: config_room.CampaignConfig, pseudonyms: Pseudonyms) -> list[str]:
    """Return who the stored configuration's pseudonyms are, less those that were erased."""
    logins = (pseudonyms.login_of(person.user) for person in config.people)
    return [login for login in logins if login is not None]


def _place(
    config: config_room.CampaignConfig, folder: Path, base: Path, clock: Clock, secrets: Secrets
) -> Place:
    """Return where a backend lives, as far as the configuration alone says."""
    return Place(
        folder=folder / "tool",
        base=base,
        seed=config.seed,
        clock=clock,
        secrets=secrets,
        item_ids=tuple,
        overlap=config.quality.opinions,
    )
