-- Exposures to a workflow's own contrasts up to a moment, moments as whole microseconds since 1970, for
-- measurement. The global control counts only for the whole programme, never for one workflow.
copy (
    select
        workflow, contrast, stratum, unit_id, arm, share,
        (extract(epoch from exposed_at) * 1000000)::bigint
    from exposures
    where exposed_at <= moment(%(as_of)s) and contrast <> 'control'
) to stdout (format csv)
