"""What pseudo-labels a round's model learned from, and those that people were asked to audit."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'

COLUMNS = (
    'ask, campaign, item, round, ordinal, purpose, state, price_micros, assignee, assigned_at, '
    'upload'
)


def upgrade() -> None:
    # SQLite changes no CHECK, so the table is made anew; alembic's batch would lose the unnamed ones.
    op.create_table(
        'asks_new',
        sa.Column('ask', sa.String(), nullable=False),
        sa.Column('campaign', sa.String(), nullable=False),
        sa.Column('item', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('ordinal', sa.Integer(), nullable=False),
        sa.Column('purpose', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('price_micros', sa.BigInteger(), nullable=False),
        sa.Column('assignee', sa.String(), nullable=True),
        sa.Column('assigned_at', sa.BigInteger(), nullable=True),
        sa.Column('upload', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('ask'),
        sa.UniqueConstraint('campaign', 'item', 'ordinal'),
        sa.CheckConstraint('price_micros >= 0'),
        sa.CheckConstraint(
            "state IN ('reserved','sent','answered','skipped','released','expired')"
        ),
        sa.CheckConstraint(
            "purpose IN ('train','control','gold','opinion','adjudicate','relabel','audit')"
        ),
    )
    op.execute(f'INSERT INTO asks_new ({COLUMNS}) SELECT {COLUMNS} FROM asks')
    op.drop_table('asks')
    op.rename_table('asks_new', 'asks')
    op.create_index('ix_asks_upload', 'asks', ['upload'])
    op.create_index('ix_asks_state', 'asks', ['campaign', 'state'])
    op.create_index('ix_asks_round', 'asks', ['campaign', 'round'])
    op.create_table(
        'pseudo_rounds',
        sa.Column('campaign', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('used', sa.Boolean(), nullable=False),
        sa.Column('stopped', sa.Boolean(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('proposed', sa.Integer(), nullable=False),
        sa.Column('taken', sa.Integer(), nullable=False),
        sa.Column('confidence', sa.Float(), nullable=True),
        sa.Column('weight', sa.Float(), nullable=True),
        sa.Column('with_them', sa.Float(), nullable=True),
        sa.Column('without_them', sa.Float(), nullable=True),
        sa.Column('people_sha256', sa.String(), nullable=False),
        sa.Column('digest', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('campaign', 'round'),
    )
    op.create_table(
        'audits',
        sa.Column('campaign', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('item', sa.String(), nullable=False),
        sa.Column('claimed_in', sa.Integer(), nullable=False),
        sa.Column('claimed', sa.Text(), nullable=False),
        sa.Column('confidence', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('campaign', 'round', 'item'),
    )
