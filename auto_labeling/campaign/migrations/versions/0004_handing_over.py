"""Since when an ask has been its person's: work that is not begun goes to somebody else."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    op.add_column('asks', sa.Column('assigned_at', sa.BigInteger(), nullable=True))
