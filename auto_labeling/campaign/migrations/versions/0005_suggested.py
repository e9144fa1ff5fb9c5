"""What people were shown as a start, and what those of the blind share were not shown."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    op.create_table(
        'suggested',
        sa.Column('campaign', sa.String(), nullable=False),
        sa.Column('item', sa.String(), nullable=False),
        sa.Column('model', sa.String(), nullable=False),
        sa.Column('value', sa.Text(), nullable=True),
        sa.Column('score', sa.Float(), nullable=False),
        sa.Column('blind', sa.Boolean(), nullable=False),
        sa.Column('unsure', sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint('campaign', 'item'),
    )
