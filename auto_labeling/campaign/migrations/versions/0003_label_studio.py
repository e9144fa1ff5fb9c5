"""What was answered besides the label, and when the copies in the tool were last put in order."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade() -> None:
    # Added one by one rather than in a batch, which would copy the table.
    op.add_column('answers', sa.Column('extra', sa.Text(), nullable=True))
    op.add_column('rounds', sa.Column('repaired_at', sa.BigInteger(), nullable=True))
