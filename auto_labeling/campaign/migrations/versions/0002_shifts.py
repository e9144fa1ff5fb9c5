"""What each round changed in the predictions, and with what chance an item was picked."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    # Added one by one rather than in a batch, which would copy the table.
    op.add_column('rounds', sa.Column('learned', sa.Integer(), nullable=True))
    op.add_column('rounds', sa.Column('changed', sa.Float(), nullable=True))
    op.add_column('rounds', sa.Column('gain', sa.Float(), nullable=True))
    op.add_column('rounds', sa.Column('uncertainty', sa.Float(), nullable=True))
    op.add_column('picks', sa.Column('chance', sa.Float(), nullable=True))
