"""The server's peer: FastAPI and SQLAlchemy answer the list of recommendations out of the same table, a worker a core.

Usage: server_fastapi.py DATABASE PORT
Needs fastapi, uvicorn, sqlalchemy and orjson. It asks for no token, and writes its answer by orjson at once, without FastAPI's own
encoder: the quickest that is usual.
"""

import os
import sys

import orjson
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy import JSON, Boolean, Float, Integer, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

DATABASE = os.environ.get("PEER_DATABASE") or sys.argv[1]


class Base(DeclarativeBase):
    pass


class Recommendation(Base):
    __tablename__ = "bundle_recommendations"
    id = mapped_column(String, primary_key=True)
    csv_upload_id = mapped_column(String)
    shop_id = mapped_column(String)
    bundle_type = mapped_column(String)
    objective = mapped_column(String)
    products = mapped_column(JSON)
    pricing = mapped_column(JSON)
    ai_copy = mapped_column(JSON)
    confidence = mapped_column(Float)
    predicted_lift = mapped_column(Float)
    support = mapped_column(Float)
    lift = mapped_column(Float)
    ranking_score = mapped_column(Float)
    discount_reference = mapped_column(String)
    is_approved = mapped_column(Boolean)
    is_used = mapped_column(Boolean)
    rank_position = mapped_column(Integer)
    created_at = mapped_column(String)


engine = create_engine(f"sqlite:///file:{DATABASE}?mode=ro&uri=true", pool_size=20)
app = FastAPI()


@app.get("/api/bundle-recommendations")
def recommendations(shopId: str):
    r = Recommendation
    # The index is on the expression: it is asked for as the index has it.
    query = (
        select(r)
        .where(func.coalesce(r.shop_id, "") == shopId)
        .order_by(r.ranking_score.desc(), r.confidence.desc(), r.created_at.desc(), r.id)
        .limit(50)
    )
    with Session(engine) as session:
        rows = session.scalars(query).all()
        found = [
            {
                "id": row.id, "csvUploadId": row.csv_upload_id, "shopId": row.shop_id, "bundleType": row.bundle_type,
                "objective": row.objective, "products": row.products, "pricing": row.pricing, "aiCopy": row.ai_copy,
                "confidence": str(row.confidence), "predictedLift": str(row.predicted_lift), "support": row.support, "lift": row.lift,
                "rankingScore": row.ranking_score, "discountReference": row.discount_reference, "isApproved": row.is_approved,
                "isUsed": row.is_used, "rankPosition": row.rank_position, "createdAt": row.created_at,
            }
            for row in rows
        ]
    return Response(orjson.dumps(found), media_type="application/json")


if __name__ == "__main__":
    os.environ["PEER_DATABASE"] = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    uvicorn.run("server_fastapi:app", host="127.0.0.1", port=int(sys.argv[2]), workers=os.cpu_count(), log_level="warning")
