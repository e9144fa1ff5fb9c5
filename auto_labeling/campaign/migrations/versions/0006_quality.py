"""Which picks are of the blind slice, the items whose answer is known, and what was ruled."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    # Added one by one rather than in a batch, which would copy the table.
    op.add_column('picks', sa.Column('blind', sa.Boolean(), nullable=True))
    op.create_table(
        'gold',
        sa.Column('campaign', sa.String(), nullable=False),
        sa.Column('item', sa.String(), nullable=False),
        sa.Column('value', sa.Text(), nullable=True),
        sa.Column('origin', sa.String(), nullable=False),
        sa.Column('at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('campaign', 'item'),
        sa.CheckConstraint("origin IN ('file', 'imported', 'adjudicated')"),
    )
